import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { AttemptDocument, StepLine } from '../../../src/view/documents.ts';
import { attemptDocumentPath, attemptPath } from '../data/fetch-document.ts';
import { useDocument } from '../data/use-document.ts';
import { type StepPages, useStepPages } from '../data/use-step-pages.ts';
import { FigureList } from '../parts/figure-list.tsx';
import { Problem } from '../parts/problem.tsx';
import { StepCard } from '../parts/step-card.tsx';
import { VerdictBadge } from '../parts/verdict-badge.tsx';
import { type AttemptAddress, attemptHref } from '../route.ts';
import { type AlignedStep, alignSteps } from '../text/align-steps.ts';
import { visibleText } from '../text/ansi.ts';
import { attemptFigures } from '../text/attempt-figures.ts';

const ROW_PIXELS = 34;
const SHOWN_FIGURES = 5;

interface Side {
  at: AttemptAddress;
  document: AttemptDocument;
  pages: StepPages;
}

/** Two attempts at one instance, step beside step. */
export function DiffPage({ left, right }: { left: AttemptAddress; right: AttemptAddress }) {
  const first = useSide(left);
  const second = useSide(right);
  const error = first.error ?? second.error;
  if (error !== null) return <Problem error={error} />;
  if (first.side === null || second.side === null) return <p className="empty">Reading both attempts…</p>;
  return <Aligned left={first.side} right={second.side} />;
}

function useSide(at: AttemptAddress) {
  const path = attemptPath(at.runId, at.folder, at.attempt);
  const { value, error } = useDocument<AttemptDocument>(attemptDocumentPath(path, false));
  const pages = useStepPages(path, value?.steps ?? null);
  return { error, side: value === null ? null : { at, document: value, pages } };
}

function Aligned({ left, right }: { left: Side; right: Side }) {
  const [differing, setDiffering] = useState(false);
  const all = useMemo(
    () => alignSteps(left.document.steps, right.document.steps),
    [left.document.steps, right.document.steps],
  );
  const rows = useMemo(() => (differing ? all.filter((row) => row.kind !== 'same') : all), [all, differing]);
  const [open, setOpen] = useState<ReadonlySet<AlignedStep>>(new Set());
  const scroller = useRef<HTMLElement | null>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    overscan: 12,
  });
  const apart = all.findIndex((row) => row.kind !== 'same');
  const turn = (row: AlignedStep) =>
    setOpen((before) => new Set(before.has(row) ? [...before].filter((one) => one !== row) : [...before, row]));
  return (
    <div className="diff-page">
      <h1>{visibleText(left.document.record.instanceId)}: step by step</h1>
      <div className="aligned-heads">
        <SideHead side={left} />
        <SideHead side={right} />
      </div>
      <div className="bar">
        <label>
          <input type="checkbox" checked={differing} onChange={() => setDiffering(!differing)} /> only what differs
        </label>
        <span className="quiet" role="status">
          {wordsOf(all, apart)}
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section className="aligned" ref={scroller} tabIndex={0} aria-label="Steps of both attempts">
        <div style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <div
                key={item.key}
                ref={list.measureElement}
                data-index={item.index}
                className={`aligned-row aligned-${row.kind}`}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <Cell side={left} place={row.left} open={open.has(row)} onTurn={() => turn(row)} />
                <Cell side={right} place={row.right} open={open.has(row)} onTurn={() => turn(row)} />
              </div>
            );
          })}
        </div>
      </section>
    </div>
  );
}

function SideHead({ side: { at, document } }: { side: Side }) {
  const { record, report } = document;
  return (
    <div>
      <a href={attemptHref(at.runId, at.folder, at.attempt)}>
        {at.runId} #{at.attempt}
      </a>{' '}
      <VerdictBadge
        state={record.state}
        verdict={report?.verdict ?? null}
        failure={record.outcome?.failure?.code ?? null}
      />
      <FigureList figures={attemptFigures(document).slice(0, SHOWN_FIGURES)} />
    </div>
  );
}

interface CellProps {
  side: Side;
  place: number | null;
  open: boolean;
  onTurn: () => void;
}

function Cell({ side, place, open, onTurn }: CellProps) {
  const line = place === null ? undefined : side.document.steps[place];
  if (place === null || line === undefined) return <div className="aligned-cell none" />;
  return (
    <div className="aligned-cell">
      <button type="button" className="aligned-line" aria-expanded={open} onClick={onTurn}>
        <span className="line-number">{line.step}</span>
        <span className={line.failed ? 'mark mark-failed' : 'mark'}>{line.failed ? '✗' : ''}</span>
        <span className="line-title">{visibleText(line.title) || '(no call)'}</span>
      </button>
      {open && <OpenCell side={side} place={place} line={line} />}
    </div>
  );
}

function OpenCell({ side: { at, pages }, place, line }: { side: Side; place: number; line: StepLine }) {
  const { want } = pages;
  useEffect(() => want(place), [want, place]);
  const href = attemptHref(at.runId, at.folder, at.attempt, line.step);
  return <StepCard runId={at.runId} line={line} step={pages.at(place)} href={href} current={false} />;
}

function wordsOf(rows: readonly AlignedStep[], apart: number): string {
  const count = (kind: AlignedStep['kind']) => rows.filter((row) => row.kind === kind).length;
  if (apart < 0) return `All ${rows.length} steps are the same.`;
  const parted = apart === 0 ? 'apart from the start' : `the same for ${apart} steps`;
  return `${parted}; ${count('same')} same, ${count('similar')} similar, ${count('only')} on one side only`;
}
