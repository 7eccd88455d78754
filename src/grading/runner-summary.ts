/**
 * What a test runner says about itself at the end. It is the evidence that the suite ran to its end: a process that stops half-way after printing lines that look like results has none, and
 * one that prints more passes than its runner counted contradicts it.
 */
import { outputLines } from './parsers/test-map.ts';

export interface RunnerSummary {
  /** Tests that passed by the runner's own count. */
  passed: number;
  total: number;
}

type Reader = (lines: readonly string[]) => RunnerSummary | undefined;

const READERS: Readonly<Record<string, Reader>> = {
  'node-test'(lines) {
    const count = (word: string) => lastMatch(lines, new RegExp(`^# ${word} (\\d+)$`));
    const [total, passed, todo] = [count('tests'), count('pass'), count('todo')];
    return total === undefined || passed === undefined ? undefined : { total, passed: passed + (todo ?? 0) };
  },
  tap(lines) {
    const total = lastMatch(lines, /^1\.\.(\d+)/);
    const failed = lines.filter((line) => /^not ok\b/.test(line) && !/#\s*todo\b/i.test(line)).length;
    return total === undefined ? undefined : { total, passed: total - failed };
  },
  jest(lines) {
    const line = lines.findLast((one) => /^Tests: +.*\d+ total/.test(one));
    return line === undefined
      ? undefined
      : { total: number(line, /(\d+) total/), passed: number(line, /(\d+) passed/) };
  },
  vitest(lines) {
    const line = lines.findLast((one) => /^ +Tests +.*\(\d+\)/.test(one));
    return line === undefined ? undefined : { total: number(line, /\((\d+)\)/), passed: number(line, /(\d+) passed/) };
  },
  pytest(lines) {
    const line = lines.findLast(
      (one) =>
        /^=+ .*\bin [\d.:]+ ?(?:s|seconds)\b.*=+$/.test(one) || /^\d+ (passed|failed|error).* in [\d.]+s/.test(one),
    );
    if (line === undefined) return undefined;
    const counts = [...line.matchAll(/(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)/g)];
    const sum = (pattern: RegExp) =>
      counts.reduce((total, [, value, word]) => total + (pattern.test(word ?? '') ? Number(value) : 0), 0);
    return { total: sum(/./), passed: sum(/^(passed|xpassed|xfailed)$/) };
  },
  unittest(lines) {
    const at = lines.findLastIndex((line) => /^Ran \d+ tests? in /.test(line));
    const verdict = lines.slice(at + 1).find((line) => /^(OK|FAILED)\b/.test(line));
    if (at < 0 || verdict === undefined) return undefined;
    const total = number(lines[at] ?? '', /Ran (\d+)/);
    const bad = [...verdict.matchAll(/(?:failures|errors|skipped|unexpected successes)=(\d+)/g)].reduce(
      (sum, [, value]) => sum + Number(value),
      0,
    );
    return { total, passed: Math.max(0, total - bad) };
  },
};

/** The summary in the output of the named parser's runner; undefined when the runner did not come to its end. */
export function runnerSummary(parser: string, output: string): RunnerSummary | undefined {
  return READERS[parser]?.(outputLines(output));
}

function lastMatch(lines: readonly string[], pattern: RegExp): number | undefined {
  const line = lines.findLast((one) => pattern.test(one));
  return line === undefined ? undefined : number(line, pattern);
}

function number(line: string, pattern: RegExp): number {
  return Number(pattern.exec(line)?.[1] ?? 0);
}
