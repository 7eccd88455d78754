/** Does what really ran bear out what was printed? */
import { runnerSummary } from '../../../grading/runner-summary.ts';
import type { SwebenchInstance } from '../../contracts.ts';
import type { ScriptRun } from '../script-run.ts';
import type { StrictRun } from './run-strict-script.ts';
import type { TestRunner } from './runner-hooks.ts';

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
  if (evidence.hooks.length > 0)
    problems.push(`the code under test hooks into the runner: ${evidence.hooks.join(', ')}`);
  // A few rows list what is no test: the progress that pytest prints, `[100%]`.
  const expected = [...instance.FAIL_TO_PASS, ...instance.PASS_TO_PASS].filter((id) => !id.startsWith('[')).length;
  if (evidence.passed < expected)
    problems.push(`${expected} tests were said to pass, the runner ran ${evidence.passed} that did`);
  const failed = new Set(evidence.failed);
  const wrong = [...instance.FAIL_TO_PASS, ...instance.PASS_TO_PASS].filter((id) => failed.has(id));
  if (wrong.length > 0) problems.push(`tests that were said to pass failed: ${wrong.slice(0, 5).join(', ')}`);
  const runner = pythonRunner(instance.log_parser);
  if (runner === 'pytest' && evidence.finished === 0) problems.push('no pytest session came to its end');
  if (runner === 'unittest' && runnerSummary('unittest', output, new Map()) === undefined)
    problems.push('the runner printed no summary');
  if (runner === 'sympy' && !/^=* tests finished: (\d+) passed/m.test(output))
    problems.push('the runner printed no summary');
  return problems;
}

/** Environments with Python run pytest, but for two repositories with runners of their own. */
export function pythonRunner(parser: string | undefined): TestRunner {
  if (parser === 'parse_log_django') return 'unittest';
  return parser === 'parse_log_sympy' ? 'sympy' : 'pytest';
}
