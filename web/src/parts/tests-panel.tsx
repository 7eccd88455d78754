import type { GradeReport } from '../../../src/contracts/grading.ts';
import type { TextFileDocument } from '../../../src/view/documents.ts';
import { visibleText } from '../text/ansi.ts';
import { bytes, duration } from '../text/format.ts';
import { TextView } from './text-view.tsx';

const SHOWN_TESTS = 200;

interface TestsPanelProps {
  runId: string;
  report: GradeReport | null;
  log: TextFileDocument | null;
}

/** What the hidden tests said: those that do not pass first, then all that was printed. */
export function TestsPanel({ runId, report, log }: TestsPanelProps) {
  if (report === null) return <p className="empty">Not graded yet.</p>;
  const { failToPass, passToPass } = report;
  return (
    <>
      <p>
        Tests seen: {report.testsSeen}, in {duration(report.durationMs)}; to be fixed: {failToPass.success.length} of{' '}
        {failToPass.success.length + failToPass.failure.length} pass; to be kept: {passToPass.success.length} of{' '}
        {passToPass.success.length + passToPass.failure.length} pass.
      </p>
      {report.failure !== undefined && <p className="problem">{visibleText(report.failure.message)}</p>}
      <TestNames title="Must pass now, does not" names={failToPass.failure} />
      <TestNames title="Passed before, does not now" names={passToPass.failure} />
      {report.restoredFiles.length > 0 && (
        <p className="quiet">Put back before the tests ran: {report.restoredFiles.map(visibleText).join(', ')}</p>
      )}
      <h3>What the tests printed</h3>
      {log === null && <p className="quiet">Reading…</p>}
      {log?.text === null && <p className="quiet">Nothing was kept.</p>}
      {log !== null && log.text !== null && (
        <>
          {log.leftOutBytes > 0 && <p className="quiet">{bytes(log.leftOutBytes)} in the middle are left out.</p>}
          <TextView
            runId={runId}
            box={{ text: log.text, bytes: log.bytes - log.leftOutBytes, blob: null, cut: false }}
            label="Test log"
          />
        </>
      )}
    </>
  );
}

function TestNames({ title, names }: { title: string; names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <details open={names.length <= 10}>
      <summary>
        {title}: <strong>{names.length}</strong>
      </summary>
      <ul className="plain tests">
        {names.slice(0, SHOWN_TESTS).map((name) => (
          <li key={name}>{visibleText(name)}</li>
        ))}
      </ul>
      {names.length > SHOWN_TESTS && <p className="quiet">and {names.length - SHOWN_TESTS} more</p>}
    </details>
  );
}
