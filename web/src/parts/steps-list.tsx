import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { StepDocument, StepLine } from '../../../src/view/documents.ts';
import { type ListPart, useListPart } from '../data/use-list-part.ts';
import type { StepPages } from '../data/use-step-pages.ts';
import { attemptHref } from '../route.ts';
import type { ShownFile } from './patch-view.tsx';
import { Problem } from './problem.tsx';
import { StepCard } from './step-card.tsx';

/** Height of a card before it has been seen. */
const CARD_PIXELS = 420;

interface StepsListProps {
  runId: string;
  folder: string;
  attempt: number;
  lines: readonly StepLine[];
  /** Place of each line among all steps. */
  places: readonly number[];
  pages: StepPages;
  /** Index into `lines` of the step that was chosen. */
  current: number;
  rawPath: string | undefined;
  onFork: ((step: StepDocument) => void) | undefined;
  onFile: (file: ShownFile) => void;
}

/** The cards of all steps, of very many a part; only those in sight are in the page. */
export function StepsList(props: StepsListProps) {
  const { lines, places, pages, current } = props;
  const part = useListPart(lines.length, current);
  const { from, to } = part;
  return (
    <div className="steps-frame" id="steps">
      {pages.error !== null && <Problem error={pages.error} />}
      {part.parts > 1 && <PartBar {...part} lines={lines} />}
      <Cards
        key={part.part}
        {...props}
        lines={part.parts > 1 ? lines.slice(from, to) : lines}
        places={part.parts > 1 ? places.slice(from, to) : places}
        current={current >= from && current < to ? current - from : -1}
      />
    </div>
  );
}

function PartBar({ part, parts, from, to, turnTo, lines }: ListPart & { lines: readonly StepLine[] }) {
  return (
    <p className="bar">
      <button type="button" disabled={part === 0} onClick={() => turnTo(part - 1)}>
        Earlier steps
      </button>
      <span className="quiet" role="status">
        Steps {lines[from]?.step} to {lines[to - 1]?.step}
      </span>
      <button type="button" disabled={part === parts - 1} onClick={() => turnTo(part + 1)}>
        Later steps
      </button>
    </p>
  );
}

function Cards({ runId, folder, attempt, lines, places, pages, current, rawPath, onFork, onFile }: StepsListProps) {
  const scroller = useRef<HTMLElement | null>(null);
  const list = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => CARD_PIXELS,
    initialOffset: () => Math.max(0, current) * CARD_PIXELS,
    overscan: 2,
  });
  const items = list.getVirtualItems();
  const { want } = pages;
  useEffect(() => {
    for (const item of items) want(places[item.index] ?? 0);
  });
  // Cards grow when their contents arrive: the step that was chosen is brought into sight again until its own are there, and then no more.
  const chosen = lines[current]?.step ?? null;
  const loaded = current >= 0 && pages.at(places[current] ?? 0) !== null;
  const shown = useRef<number | null>(null);
  useEffect(() => {
    if (chosen === null || shown.current === chosen) return;
    list.scrollToIndex(current, { align: 'start' });
    if (loaded) shown.current = chosen;
  }, [chosen, current, loaded, list]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
    <section className="steps" ref={scroller} tabIndex={0} aria-label="Steps">
      <div style={{ height: list.getTotalSize() }}>
        {items.map((item) => {
          const line = lines[item.index];
          if (line === undefined) return null;
          return (
            <div
              key={item.key}
              ref={list.measureElement}
              data-index={item.index}
              className="step-place"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <StepCard
                runId={runId}
                line={line}
                step={pages.at(places[item.index] ?? 0)}
                href={attemptHref(runId, folder, attempt, line.step)}
                current={item.index === current}
                rawPath={rawPath}
                onFork={onFork}
                onFile={onFile}
              />
            </div>
          );
        })}
      </div>
    </section>
  );
}
