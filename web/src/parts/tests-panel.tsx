import { useMemo, useState } from 'react';
import type { GradeReport } from '../../../src/contracts/grading.ts';
import type { TextBox, TextFileDocument } from '../../../src/view/documents.ts';
import { visibleText } from '../text/ansi.ts';
import { failureExcerpt } from '../text/failure-excerpt.ts';
import { bytes, duration } from '../text/format.ts';
import { TextView } from './text-view.tsx';

const SHOWN_TESTS = 200;

interface TestsPanelProps {
  runId: string;
  report: GradeReport | null;
  log: TextFileDocument | null;
}

/** What the hidden tests said: those that do not pass first, each with what the log has of it, then all that was printed. */
export function TestsPanel({ runId, report, log }: TestsPanelProps) {
  if (report === null) return <p className="empty">Not graded yet.</p>;
  const { failToPass, passToPass } = report;
  const failing = failToPass.failure.length + passToPass.failure.length;
  return (
    <>
      <p>
        Tests seen: {report.testsSeen}, in {duration(report.durationMs)}; to be fixed: {failToPass.success.length} of{' '}
        {failToPass.success.length + failToPass.failure.length} pass; to be kept: {passToPass.success.length} of{' '}
        {passToPass.success.length + passToPass.failure.length} pass.
      </p>
      {report.failure !== undefined && <p className="problem">{visibleText(report.failure.message)}</p>}
      <TestNames title="Must pass now, does not" names={failToPass.failure} runId={runId} log={log?.text ?? ''} />
      <TestNames title="Passed before, does not now" names={passToPass.failure} runId={runId} log={log?.text ?? ''} />
      {report.restoredFiles.length > 0 && (
        <p className="quiet">Put back before the tests ran: {report.restoredFiles.map(visibleText).join(', ')}</p>
      )}
      <details open={!report.resolved && failing === 0}>
        <summary>What the tests printed</summary>
        {log === null && <p className="quiet">Reading…</p>}
        {log?.text === null && <p className="quiet">Nothing was kept.</p>}
        {log !== null && log.text !== null && (
          <>
            {log.leftOutBytes > 0 && <p className="quiet">{bytes(log.leftOutBytes)} in the middle are left out.</p>}
            <TextView runId={runId} box={textBoxOf(log.text)} label="Test log" />
          </>
        )}
      </details>
    </>
  );
}

interface TestNamesProps {
  title: string;
  names: readonly string[];
  runId: string;
  log: string;
}

function TestNames({ title, names, runId, log }: TestNamesProps) {
  if (names.length === 0) return null;
  return (
    <details open={names.length <= 10}>
      <summary>
        {title}: <strong>{names.length}</strong>
      </summary>
      <ul className="plain tests">
        {names.slice(0, SHOWN_TESTS).map((name, at) => (
          <li key={name}>
            <FailedTest name={name} runId={runId} log={log} opened={at === 0} />
          </li>
        ))}
      </ul>
      {names.length > SHOWN_TESTS && <p className="quiet">and {names.length - SHOWN_TESTS} more</p>}
    </details>
  );
}

/** The name of a test, and what the log has of it. */
function FailedTest({ name, runId, log, opened }: { name: string; runId: string; log: string; opened: boolean }) {
  const [open, setOpen] = useState(opened);
  const excerpt = useMemo(() => (open ? failureExcerpt(log, name) : null), [open, log, name]);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{visibleText(name)}</summary>
      {open && excerpt === null && <p className="quiet">The log does not name it.</p>}
      {excerpt !== null && <TextView runId={runId} box={textBoxOf(excerpt)} label={visibleText(`Log of ${name}`)} />}
    </details>
  );
}

/** A text that is here as a whole. */
function textBoxOf(text: string): TextBox {
  return { text, bytes: new TextEncoder().encode(text).length, blob: null, cut: false };
}
