/**
 * What a test runner says about itself at the end. It is the evidence that the suite ran to its end: a process that stops half-way after printing lines that look like results has none, and
 * one that prints more passes than its runner counted contradicts it. The last summary counts: a test command is one run of one runner.
 */
import type { TestStatus } from '../contracts/index.ts';
import { PYTEST_COUNTS } from './parsers/pytest.ts';
import { outputLines } from './parsers/test-map.ts';
import { UNITTEST_COUNT } from './parsers/unittest.ts';

export interface RunnerSummary {
  /** Tests that passed by the runner's own count, expected failures included; never fewer than there are. */
  passed: number;
  total: number;
}

type Reader = (lines: readonly string[], statuses: ReadonlyMap<string, TestStatus>) => RunnerSummary | undefined;

const NOTHING_RAN: RunnerSummary = { passed: 0, total: 0 };

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['node-test', readNodeTest],
  ['tap', readTap],
  ['jest', readJest],
  ['vitest', readVitest],
  ['pytest', readPytest],
  ['unittest', readUnittest],
]);

/** The summary in the output of the named parser's runner; undefined when the runner did not come to its end. `statuses`: what the parser read. */
export function runnerSummary(
  parser: string,
  output: string,
  statuses: ReadonlyMap<string, TestStatus>,
): RunnerSummary | undefined {
  return READERS.get(parser)?.(outputLines(output), statuses);
}

/** `# tests 3`, `# pass 2`, `# todo 1` ...; tests to do are not among those that pass. */
function readNodeTest(lines: readonly string[]): RunnerSummary | undefined {
  const [total, passed, todo] = ['tests', 'pass', 'todo'].map((word) =>
    lastCount(lines, new RegExp(`^# ${word} (\\d+)$`)),
  );
  return total === undefined || passed === undefined ? undefined : { total, passed: passed + (todo ?? 0) };
}

/** The plan, and where the producer prints one (mocha, tape) its own count of passes. */
function readTap(lines: readonly string[], statuses: ReadonlyMap<string, TestStatus>): RunnerSummary | undefined {
  const total = lastCount(lines, /^1\.\.(\d+)/);
  if (total === undefined) return undefined;
  const passed = lastCount(lines, /^# pass +(\d+)$/);
  const count = (status: TestStatus) => [...statuses.values()].filter((one) => one === status).length;
  return { total, passed: passed === undefined ? total - count('FAILED') : passed + count('XFAIL') };
}

function readJest(lines: readonly string[]): RunnerSummary | undefined {
  const line = lines.findLast((one) => /^Tests: +.*\d+ total$/.test(one));
  if (line !== undefined) return { total: number(line, /(\d+) total/), passed: number(line, /(\d+) passed/) };
  return lines.some((one) => /^No tests found\b/.test(one)) ? NOTHING_RAN : undefined;
}

function readVitest(lines: readonly string[]): RunnerSummary | undefined {
  const line = lines.findLast((one) => /^ +Tests +.*\(\d+\)$/.test(one));
  if (line !== undefined) {
    return {
      total: number(line, /\((\d+)\)$/),
      passed: number(line, /(\d+) passed/) + number(line, /(\d+) expected fail/),
    };
  }
  return lines.some((one) => /^No test files found\b/.test(one)) ? NOTHING_RAN : undefined;
}

function readPytest(lines: readonly string[]): RunnerSummary | undefined {
  const line = lines.findLast((one) => PYTEST_COUNTS.test(one));
  if (line === undefined) return lines.some((one) => /^(?:=+ )?no tests ran in /.test(one)) ? NOTHING_RAN : undefined;
  const counts = [...line.matchAll(/(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)\b/g)];
  const sum = (pattern: RegExp) =>
    counts.reduce((total, [, value, word]) => total + (pattern.test(word ?? '') ? Number(value) : 0), 0);
  return { total: sum(/./), passed: sum(/^(?:passed|xpassed|xfailed)$/) };
}

/**
 * The verdict line counts failing parts of tests and set-ups of classes too, so what did not pass is taken from the tests by name. Some versions leave skipped tests out of the total: they are not
 * subtracted, modules that were skipped as a whole (`unittest.loader.ModuleSkipped`) are.
 */
function readUnittest(lines: readonly string[], statuses: ReadonlyMap<string, TestStatus>): RunnerSummary | undefined {
  const at = lines.findLastIndex((line) => UNITTEST_COUNT.test(line));
  const verdict = lines.slice(at + 1).find((line) => line !== '');
  if (at < 0 || verdict === undefined || !/^(?:OK|FAILED|NO TESTS RAN)\b/.test(verdict)) return undefined;
  const total = number(lines[at] ?? '', UNITTEST_COUNT);
  const others = [...statuses].filter(
    ([id, status]) =>
      (status === 'FAILED' || status === 'ERROR' || id.startsWith('unittest.loader.')) &&
      !/\.(?:setUp|tearDown)(?:Class|Module)$/.test(id),
  );
  return { total, passed: Math.max(0, total - others.length) };
}

function lastCount(lines: readonly string[], pattern: RegExp): number | undefined {
  const line = lines.findLast((one) => pattern.test(one));
  return line === undefined ? undefined : number(line, pattern);
}

function number(line: string, pattern: RegExp): number {
  return Number(pattern.exec(line)?.[1] ?? 0);
}
