/** Does what really ran bear out what was printed? */
import { runnerSummary } from '../../../grading/runner-summary.ts';
import type { SwebenchInstance } from '../../contracts.ts';
import type { ScriptRun } from '../script-run.ts';
import type { StrictRun } from './run-strict-script.ts';

/** Reasons why a log that reads as resolved is not believed; empty when all is well. */
export function evidenceProblems(instance: SwebenchInstance, strict: StrictRun, run: ScriptRun): string[] {
  if (run.exitCode === null) return ['the test command was killed'];
  const { evidence } = strict;
  if (evidence === undefined) return [];
  const { output } = run;
  const problems: string[] = [];
  const [first] = evidence.processes.values();
  if (first === undefined) problems.push('no test process was seen');
  else if (!first) problems.push('the test process ended before its own end');
  if (evidence.changed.length > 0)
    problems.push(`the test runner was changed while it ran: ${evidence.changed.join(', ')}`);
  if (evidence.readers.length > 0) problems.push(`the code under test read the tests: ${evidence.readers.join(', ')}`);
  // A few rows list what is no test: the progress that pytest prints, `[100%]`.
  const expected = [...instance.FAIL_TO_PASS, ...instance.PASS_TO_PASS].filter((id) => !id.startsWith('[')).length;
  if (usesPytest(instance.log_parser)) {
    if (evidence.finished === 0) problems.push('no pytest session came to its end');
    else if (evidence.passed < expected)
      problems.push(`${expected} tests were said to pass, pytest ran ${evidence.passed} that did`);
  } else if (instance.log_parser === 'parse_log_django') {
    const summary = runnerSummary('unittest', output, new Map());
    if (summary === undefined) problems.push('the runner printed no summary');
    else if (summary.total < expected)
      problems.push(`${expected} tests were said to pass, the runner counted ${summary.total}`);
  } else if (instance.log_parser === 'parse_log_sympy') {
    const counts = /^=* tests finished: (\d+) passed/m.exec(output);
    if (counts === null) problems.push('the runner printed no summary');
  }
  return problems;
}

const WITHOUT_PYTEST: ReadonlySet<string> = new Set(['parse_log_django', 'parse_log_sympy']);

/** Environments with Python run pytest, but for two repositories with runners of their own. */
function usesPytest(parser: string | undefined): boolean {
  return parser !== undefined && !WITHOUT_PYTEST.has(parser);
}
