/**
 * `python -m unittest -v`. Ids are `module.Class.method` whatever the version prints: up to 3.10 `method (module.Class) ... ok`, from 3.11 `method (module.Class.method) ... ok`; with a
 * docstring its first line stands between. Failures are also listed below as `FAIL: method (module.Class)`.
 */
import type { LogParser, TestStatus } from '../../contracts/index.ts';
import { outputLines, TestMap } from './test-map.ts';

const NAME = /^(\w+) \(([\w.]+)\)/;
const RESULT = / \.\.\. (ok|FAIL|ERROR|expected failure|unexpected success|skipped .*)$/;

const STATUS: Record<string, TestStatus> = {
  ok: 'PASSED',
  FAIL: 'FAILED',
  ERROR: 'ERROR',
  'expected failure': 'XFAIL',
  'unexpected success': 'FAILED',
};

export const unittestParser: LogParser = {
  name: 'unittest',
  parse(output) {
    const tests = new TestMap();
    /** The test whose line has begun: its result may follow after a docstring or after what the test printed. */
    let current: string | undefined;
    for (const line of outputLines(output)) {
      const listed = /^(FAIL|ERROR): (.*)$/.exec(line);
      if (listed !== null) {
        const id = idOf(listed[2] ?? '');
        if (id !== undefined) tests.set(id, listed[1] === 'FAIL' ? 'FAILED' : 'ERROR');
        continue;
      }
      const named = idOf(line);
      if (named !== undefined && !line.startsWith(' ')) current = named;
      const word =
        RESULT.exec(line)?.[1] ??
        (current !== undefined && /^(ok|FAIL|ERROR|expected failure|unexpected success)$/.test(line)
          ? line
          : lateResult(line));
      if (word === undefined || current === undefined) continue;
      tests.set(current, word.startsWith('skipped') ? 'SKIPPED' : (STATUS[word] ?? 'ERROR'));
      current = undefined;
    }
    return tests.map;
  },
};

/** A result behind what the test itself printed without a line end: `... some textok`. */
function lateResult(line: string): string | undefined {
  return / \.\.\. .*?(ok|FAIL|ERROR)$/.exec(line)?.[1];
}

function idOf(text: string): string | undefined {
  const match = NAME.exec(text);
  if (match === null) return undefined;
  const [, method = '', place = ''] = match;
  // `setUpClass (module.Class)` and import failures (`unittest.loader._FailedTest`) name no test of the suite but are kept as what they are.
  return place.endsWith(`.${method}`) ? place : `${place}.${method}`;
}
