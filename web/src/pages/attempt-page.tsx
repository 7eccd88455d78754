import { type ReactNode, useEffect, useMemo, useState } from 'react';
import {
  type AttemptDocument,
  STEPS_PER_PAGE,
  type StepDocument,
  type StepLine,
  type TextFileDocument,
} from '../../../src/view/documents.ts';
import { attemptPath } from '../data/fetch-document.ts';
import { useAttempt } from '../data/use-attempt.ts';
import { useDocument } from '../data/use-document.ts';
import { type Search, useSearch } from '../data/use-search.ts';
import { useStepKeys } from '../data/use-step-keys.ts';
import { type StepPages, useStepPages } from '../data/use-step-pages.ts';
import { FigureList } from '../parts/figure-list.tsx';
import { FilterBar } from '../parts/filter-bar.tsx';
import { ForkForm } from '../parts/fork-form.tsx';
import { ForkNote } from '../parts/fork-note.tsx';
import { ImageView } from '../parts/image-view.tsx';
import { JumpBar } from '../parts/jump-bar.tsx';
import { NotesPanel } from '../parts/notes-panel.tsx';
import { OtherAttempts } from '../parts/other-attempts.tsx';
import { PatchView, type ShownFile } from '../parts/patch-view.tsx';
import { Problem } from '../parts/problem.tsx';
import { RequeueButton } from '../parts/requeue-button.tsx';
import { StepsList } from '../parts/steps-list.tsx';
import { TestsPanel } from '../parts/tests-panel.tsx';
import { TextView } from '../parts/text-view.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { ValueChart } from '../parts/value-chart.tsx';
import { VerdictBadge } from '../parts/verdict-badge.tsx';
import { attemptHref, runHref } from '../route.ts';
import { visibleText } from '../text/ansi.ts';
import { attemptFigures } from '../text/attempt-figures.ts';

interface AttemptPageProps {
  runId: string;
  folder: string;
  attempt: number;
  /** From a link to a step. */
  step: number | null;
  live: boolean;
  controls: boolean;
}

/** One attempt on one screen: its steps, the patch, the tests, and what it cost. */
export function AttemptPage(at: AttemptPageProps) {
  const { live, step } = at;
  const path = attemptPath(at.runId, at.folder, at.attempt);
  const encoded = [at.runId, at.folder, String(at.attempt)].map(encodeURIComponent).join('/');
  const { value, error } = useAttempt(path, live ? encoded : null);
  const pages = useStepPages(path, value?.steps ?? null);
  const { want } = pages;
  const isKnown = value !== null;
  // Steps nearly always stand in the order of their numbers: those that will be in sight are read beside the timeline.
  useEffect(() => {
    if (live && !isKnown) want((step ?? 1) - 1);
  }, [live, isKnown, step, want]);
  if (error !== null) return <Problem error={error} />;
  if (value === null) return <p className="empty">Reading the attempt…</p>;
  return <AttemptView {...at} path={path} document={value} pages={pages} />;
}

type AttemptViewProps = AttemptPageProps & { path: string; document: AttemptDocument; pages: StepPages };

function AttemptView({ runId, folder, attempt, step, path, live, controls, document, pages }: AttemptViewProps) {
  const [forked, setForked] = useState<StepDocument | null>(null);
  const [file, setFile] = useState<ShownFile | null>(null);
  const [kind, setKind] = useState<Kind>('all');
  const [text, setText] = useState('');
  const { steps, record, report } = document;
  const search = useSearch(path, text, Math.ceil(steps.length / STEPS_PER_PAGE));
  const { lines, places } = useMemo(() => shownLines(steps, kind, search.steps), [steps, kind, search.steps]);
  const current = step === null ? -1 : lines.findIndex((line) => line.step >= step);
  const hrefOf = (line: StepLine) => attemptHref(runId, folder, attempt, line.step);
  const stepBy = useStepKeys(lines, current, hrefOf);
  const judged = {
    state: record.state,
    verdict: report?.verdict ?? null,
    failure: record.outcome?.failure?.code ?? null,
  };
  return (
    <div className="attempt">
      <div className="attempt-head">
        <div className="bar">
          <h1>
            <a href={runHref(runId)}>{runId}</a> / {visibleText(record.instanceId)} #{attempt}{' '}
            <VerdictBadge {...judged} />
          </h1>
          {controls && document.imported === null && (
            <RequeueButton runId={runId} instances={[record.instanceId]} words="Attempt it again" />
          )}
        </div>
        <FigureList figures={attemptFigures(document)} />
        <OtherAttempts at={{ runId, folder, attempt }} attempts={document.attempts} />
        {document.fork !== null && <ForkNote at={{ runId, folder, attempt }} fork={document.fork} />}
        {record.outcome?.failure !== undefined && (
          <p className="problem">{visibleText(record.outcome.failure.message)}</p>
        )}
        {document.complete && document.imported === null && steps.length < (record.totals?.steps ?? 0) && (
          <p className="problem">
            The record of the attempt has {record.totals?.steps} steps, its log {steps.length}: the log was cut or
            replaced.
          </p>
        )}
        {document.damagedLines > 0 && (
          <p className="problem">
            {document.damagedLines} lines of the log cannot be read, so steps may be missing here. The others are shown
            as they are.
          </p>
        )}
        {document.imported?.leak != null && (
          <p className="problem">
            Flagged: the trajectory tells what the hidden tests said ({visibleText(document.imported.leak)}).
          </p>
        )}
        <FilterBar
          choices={KINDS}
          choice={kind}
          onChoice={setKind}
          choiceLabel="Which steps"
          text={text}
          onText={setText}
          textLabel="Search the steps"
          status={`${lines.length} of ${steps.length}${document.complete ? '' : ' or more'} steps${searchWords(search)}`}
        >
          <button type="button" aria-keyshortcuts="k" disabled={current < 1} onClick={() => stepBy(-1)}>
            Previous step <kbd>k</kbd>
          </button>
          <button type="button" aria-keyshortcuts="j" disabled={current >= lines.length - 1} onClick={() => stepBy(1)}>
            Next step <kbd>j</kbd>
          </button>
        </FilterBar>
      </div>
      <JumpBar parts={PARTS} />
      <Timeline lines={lines} current={current} hrefOf={hrefOf} />
      {lines.length === 0 ? (
        <p className="empty steps">{steps.length === 0 ? 'No step has been made yet.' : 'No step matches.'}</p>
      ) : (
        <StepsList
          {...{ runId, folder, attempt, lines, places, pages, current }}
          rawPath={live ? path : undefined}
          onFork={controls ? setForked : undefined}
          onFile={setFile}
        />
      )}
      {forked !== null && (
        <ForkForm
          at={{ runId, instanceId: record.instanceId, attempt }}
          step={forked}
          onClose={() => setForked(null)}
        />
      )}
      <SidePanels runId={runId} path={path} document={document} hrefOf={hrefOf} file={file}>
        <ValueChart steps={steps} step={step} hrefOf={hrefOf} />
        <NotesPanel path={path} at={{ runId, folder, attempt }} step={step} controls={controls} />
      </SidePanels>
    </div>
  );
}

function SidePanels({
  runId,
  path,
  document,
  hrefOf,
  file,
  children,
}: Pick<AttemptViewProps, 'runId' | 'path' | 'document'> & {
  hrefOf: (line: StepLine) => string;
  file: ShownFile | null;
  children: ReactNode;
}) {
  const version = document.record.state;
  const patch = useDocument<TextFileDocument>(`${path}/patch.json`, version);
  const log = useDocument<TextFileDocument>(`${path}/test-log.json`, version);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
    <section className="side" tabIndex={0} aria-label="Tests, patch and prompt">
      <h2 id="tests">Tests</h2>
      <TestsPanel runId={runId} report={document.report} log={log.value} />
      {log.error !== null && <Problem error={log.error} />}
      <h2 id="patch">Patch</h2>
      {patch.value !== null && <PatchView file={patch.value} lines={document.steps} hrefOf={hrefOf} shown={file} />}
      {patch.error !== null && <Problem error={patch.error} />}
      <details>
        <summary>Issue and prompt</summary>
        {document.prompt.texts.map((box, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of one message never change places
          <TextView key={at} runId={runId} box={box} label="Issue and prompt" />
        ))}
        {document.prompt.images.map((image, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <ImageView key={at} runId={runId} image={image} words="Image of the issue" />
        ))}
        <h3>System</h3>
        <TextView runId={runId} box={document.system} label="System prompt" />
      </details>
      {children}
    </section>
  );
}

/** Of the page, from above. */
const PARTS = [
  ['steps', 'Steps'],
  ['tests', 'Tests'],
  ['patch', 'Patch'],
  ['notes', 'Notes'],
] as const;

const KINDS = [
  ['all', 'all steps'],
  ['edits', 'edits'],
  ['failed', 'failed commands'],
  ['stepped', 'interventions'],
  ['talk', 'without a call'],
] as const;
type Kind = (typeof KINDS)[number][0];

function shownLines(steps: readonly StepLine[], kind: Kind, found: ReadonlySet<number> | null) {
  const places = steps.flatMap((line, place) =>
    isOfKind(line, kind) && (found === null || found.has(line.step)) ? [place] : [],
  );
  return { places, lines: places.flatMap((place) => steps[place] ?? []) };
}

function searchWords({ progress, problem }: Search): string {
  return `${progress < 1 ? `, looked into ${Math.round(100 * progress)} %` : ''}${problem === null ? '' : `: ${problem}`}`;
}

function isOfKind(line: StepLine, kind: Kind): boolean {
  if (kind === 'edits') return line.edited.length > 0;
  if (kind === 'failed') return line.failed;
  if (kind === 'stepped') return line.intervention !== null;
  return kind === 'all' || line.tools.length === 0;
}
