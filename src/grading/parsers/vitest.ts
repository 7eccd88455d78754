/**
 * Vitest with `--reporter=verbose`: one line per test with its whole path, `✓ file > suite > test 3ms`. The path is the id. Failures are named again below (`FAIL  file > test`), where also files
 * that cannot be loaded and suites whose hooks fail appear. Source: recorded output of Vitest 1, 3 and 4.
 */
import type { LogParser, TestStatus } from '../../contracts/index.ts';
import { outputLines, TestMap } from './test-map.ts';

const MARKS: ReadonlyMap<string, TestStatus> = new Map([
  ['✓', 'PASSED'],
  ['√', 'PASSED'],
  ['×', 'FAILED'],
  ['↓', 'SKIPPED'],
  ['□', 'SKIPPED'],
]);
const NOTES = /(?: +\((?:retry|repeat) x\d+\))+$/;
const DURATION = / +(\d+(?:\.\d+)?)(m?s)$/;
/** Before version 3 only tests slower than this carry their duration; a name may end like one. */
const SLOW_MS = 300;

export const vitestParser: LogParser = {
  name: 'vitest',
  parse(output) {
    const tests = new TestMap();
    let major = Number.POSITIVE_INFINITY;
    for (const line of outputLines(output)) {
      const banner = /^ RUN +v(\d+)\./.exec(line);
      if (banner !== null) major = Number(banner[1]);
      const match = /^ *([✓√×↓□]) (\S.* > .*)$/.exec(line);
      const status = MARKS.get(match?.[1] ?? '');
      if (status !== undefined) tests.set(withoutDuration(match?.[2] ?? '', major), status);
      const failed = /^ FAIL +(\S.*)$/.exec(line)?.[1]?.replace(/ \[ .* \]$/, '');
      if (failed !== undefined) tests.set(failed.trimEnd(), failed.includes(' > ') ? 'FAILED' : 'ERROR');
    }
    return tests.map;
  },
};

function withoutDuration(text: string, major: number): string {
  const line = text.replace(NOTES, '');
  const match = DURATION.exec(line);
  if (match === null) return line.trimEnd();
  const milliseconds = Number(match[1]) * (match[2] === 's' ? 1000 : 1);
  return (major >= 3 || milliseconds >= SLOW_MS ? line.slice(0, match.index) : line).trimEnd();
}
