import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { StepLine } from '../../../src/view/documents.ts';
import { visibleText } from '../text/ansi.ts';

const LINE_PIXELS = 26;

interface TimelineProps {
  lines: readonly StepLine[];
  current: number;
  hrefOf: (line: StepLine) => string;
}

/** All steps, a line each, with a bar for the critic's value. */
export function Timeline({ lines, current, hrefOf }: TimelineProps) {
  const scroller = useRef<HTMLElement | null>(null);
  const list = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PIXELS,
    overscan: 4,
  });
  useEffect(() => {
    if (current >= 0) list.scrollToIndex(current, { align: 'auto' });
  }, [current, list]);
  return (
    <nav className="timeline" ref={scroller} aria-label="Timeline of steps">
      <div style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map((item) => {
          const line = lines[item.index];
          if (line === undefined) return null;
          return (
            <a
              key={item.key}
              href={hrefOf(line)}
              className={item.index === current ? 'line current' : 'line'}
              style={{ transform: `translateY(${item.start}px)` }}
              title={visibleText(line.title)}
            >
              <span className="line-number">{line.step}</span>
              <span className={`mark ${markOf(line)}`}>{markWordOf(line)}</span>
              <span className="line-title">{visibleText(line.title)}</span>
              {line.value !== null && (
                <meter min={0} max={1} value={line.value} aria-label={`critic ${line.value.toFixed(2)}`} />
              )}
            </a>
          );
        })}
      </div>
    </nav>
  );
}

function markOf(line: StepLine): string {
  if (line.intervention !== null) return 'mark-stepped';
  if (line.failed) return 'mark-failed';
  return line.edited.length > 0 ? 'mark-edit' : '';
}

function markWordOf(line: StepLine): string {
  if (line.intervention !== null) return line.intervention === 'rollback' ? '↩' : '!';
  if (line.failed) return '✗';
  return line.edited.length > 0 ? '✎' : '';
}
