/** From what a test run printed to a verdict. Pure: nothing passes without positive evidence. */
import type { GradeReport, TaskInstance, TestStatus } from '../contracts/index.ts';
import { parserByName } from './parsers/index.ts';
import { runnerSummary } from './runner-summary.ts';

export interface TestRun {
  output: string;
  exitCode: number | null;
  signal: string | null;
  timedOut: boolean;
}

export type Decision = Pick<GradeReport, 'verdict' | 'failToPass' | 'passToPass' | 'testsSeen'>;

/** Only a pass is a pass: a test that is missing, skipped or in error is none. An expected failure that failed as expected is what its author wanted. */
const PASSING: ReadonlySet<TestStatus | undefined> = new Set<TestStatus | undefined>(['PASSED', 'XFAIL']);

export function decideVerdict(grading: TaskInstance['task']['grading'], run: TestRun): Decision {
  const statuses = parserByName(grading.parser).parse(run.output);
  const split = (ids: readonly string[]) => ({
    success: ids.filter((id) => PASSING.has(statuses.get(id))),
    failure: ids.filter((id) => !PASSING.has(statuses.get(id))),
  });
  const outcomes = {
    failToPass: split(grading.failToPass),
    passToPass: split(grading.passToPass),
    testsSeen: statuses.size,
  };
  return { ...outcomes, verdict: verdictOf(grading.parser, run, statuses, outcomes) };
}

function verdictOf(
  parser: string,
  run: TestRun,
  statuses: ReadonlyMap<string, TestStatus>,
  outcomes: Omit<Decision, 'verdict'>,
): GradeReport['verdict'] {
  if (run.timedOut) return 'timeout';
  const summary = runnerSummary(parser, run.output);
  if (run.exitCode === null || (summary === undefined && run.exitCode !== 0)) return 'crashed';
  if (summary === undefined || summary.total === 0) return 'no-evidence';
  const values = [...statuses.values()];
  const claimed = values.filter((status) => PASSING.has(status)).length;
  if (claimed > summary.passed) return 'no-evidence'; // somebody printed results that the runner did not count
  if (outcomes.failToPass.failure.length > 0 || outcomes.passToPass.failure.length > 0) return 'unresolved';
  const failing = values.some((status) => status === 'FAILED' || status === 'ERROR');
  return run.exitCode !== 0 && !failing ? 'crashed' : 'resolved';
}
