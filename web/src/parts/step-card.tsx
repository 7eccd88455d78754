import { memo } from 'react';
import type { CallDocument, StepDocument, StepLine } from '../../../src/view/documents.ts';
import { copyText } from '../data/copy-text.ts';
import { visibleText } from '../text/ansi.ts';
import { bytes, count, dollars, duration } from '../text/format.ts';
import { stepMarkdown } from '../text/step-markdown.ts';
import { ImageView } from './image-view.tsx';
import { LongMembers } from './long-members.tsx';
import type { ShownFile } from './patch-view.tsx';
import { RawStep } from './raw-step.tsx';
import { TextView } from './text-view.tsx';

interface StepCardProps {
  runId: string;
  line: StepLine;
  /** Null while it is read. */
  step: StepDocument | null;
  href: string;
  current: boolean;
  /** Of the attempt's documents, for what the log has of the step; absent where it cannot be had. */
  rawPath?: string | undefined;
  /** Absent where nothing can be started. */
  onFork?: ((step: StepDocument) => void) | undefined;
  /** Shows a file in the patch. */
  onFile?: ((file: ShownFile) => void) | undefined;
}

/** One step: what the agent thought, did and saw, and what it cost. */
export const StepCard = memo(function StepCard(props: StepCardProps) {
  const { runId, line, step, href, current, rawPath, onFork, onFile } = props;
  return (
    <article className={current ? 'step current' : 'step'} aria-current={current ? 'step' : undefined}>
      <header>
        <a href={href} title="Link to this step">
          Step {line.step}
        </a>
        <span>{line.usd === null ? 'cost unknown' : dollars(line.usd)}</span>
        {step !== null && (
          <span>
            {count(step.inputTokens)} in, {count(line.outputTokens)} out
          </span>
        )}
        {step !== null && <span>model {duration(step.latencyMs)}</span>}
        {line.durationMs > 0 && <span>tools {duration(line.durationMs)}</span>}
        {line.value !== null && <span>critic {line.value.toFixed(3)}</span>}
        {line.failed && <span className="badge tone-bad">failed</span>}
        {step !== null && (
          <button type="button" onClick={() => void copyText(stepMarkdown(step))}>
            Copy as Markdown
          </button>
        )}
        {step !== null && onFork !== undefined && (
          <button type="button" onClick={() => onFork(step)}>
            Fork from here
          </button>
        )}
      </header>
      {onFile !== undefined && line.edited.length > 0 && (
        <p className="quiet">
          changes{' '}
          {line.edited.map((path) => (
            <button type="button" className="link" key={path} onClick={() => onFile({ path })}>
              {visibleText(path)}
            </button>
          ))}
        </p>
      )}
      {step === null ? <p className="quiet">{visibleText(line.title)} …</p> : <StepBody runId={runId} step={step} />}
      {step !== null && rawPath !== undefined && <RawStep runId={runId} path={rawPath} step={line.step} />}
    </article>
  );
});

function StepBody({ runId, step }: { runId: string; step: StepDocument }) {
  return (
    <>
      {step.reasoning.map((box, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of one reply never change places
        <details key={at} className="kind reasoning">
          <summary>Reasoning, {bytes(box.bytes)}</summary>
          <TextView runId={runId} box={box} label="Reasoning" />
        </details>
      ))}
      {step.thought.map((box, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        <div key={at} className="kind thought">
          <h3>Thought</h3>
          <TextView runId={runId} box={box} label="Thought" />
        </div>
      ))}
      {step.calls.map((call, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        <CallView key={at} runId={runId} call={call} />
      ))}
      {step.told.map((box, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        <div key={at} className="kind told">
          <h3>Told{step.intervention === null ? '' : ` after a ${step.intervention}`}</h3>
          <TextView runId={runId} box={box} label="Told" />
        </div>
      ))}
    </>
  );
}

function CallView({ runId, call }: { runId: string; call: CallDocument }) {
  const { result } = call;
  return (
    <>
      <div className="kind action">
        <h3>Action: {visibleText(call.name)}</h3>
        <TextView runId={runId} box={call.input} label="Action" />
        <LongMembers runId={runId} members={call.long} />
      </div>
      <div className={result?.isError === true ? 'kind observation error' : 'kind observation'}>
        <h3>
          Observation
          {result === null && ': none, the call did not come back'}
          {result !== null && result.exitCode !== null && `, exit ${result.exitCode}`}
          {result !== null && `, ${duration(result.durationMs)}`}
          {result !== null && result.cutBytes > 0 && `, ${bytes(result.cutBytes)} not shown to the model`}
        </h3>
        {result?.texts.map((box, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of one result never change places
          <TextView key={at} runId={runId} box={box} label="Observation" />
        ))}
        {result?.images.map((image, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <ImageView key={at} runId={runId} image={image} words="What the tool returned" />
        ))}
      </div>
    </>
  );
}
