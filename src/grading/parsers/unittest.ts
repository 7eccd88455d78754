/**
 * `python -m unittest -v`. Ids are `module.Class.method` whatever the version prints: up to 3.10 `method (module.Class) ... ok`, from 3.11 `method (module.Class.method) ... ok`; with a docstring
 * the name stands alone and its first line follows. What a test prints may stand anywhere between name and result. Failures are listed again below a double rule. Source: recorded output of
 * Python 3.6 to 3.13.
 */
import type { LogParser, TestStatus } from '../../contracts/index.ts';
import { outputLines, TestMap } from './test-map.ts';

const IDENTIFIER = '[\\p{L}\\p{N}_]+';
const NAME = `(${IDENTIFIER}) \\((${IDENTIFIER}(?:\\.${IDENTIFIER})*)\\)`;
/** A test begins. Several may stand on one line: a test that only fails in parts prints no result of its own before 3.11. */
const BEGINS = new RegExp(`(?:^|(?<=\\.\\.\\. ))${NAME}(?: \\.\\.\\. |$)`, 'gu');
const LISTED = new RegExp(`^(FAIL|ERROR): ${NAME}`, 'u');
/** The part of a test (3.11 and later): `  method (place) [message] (n=1) ... FAIL`. */
const PART = new RegExp(`^ +${NAME} [[(].* \\.\\.\\. (FAIL|ERROR)$`, 'u');
const RULE = /^={70}$/;
/** The line that ends a run. */
export const UNITTEST_COUNT = /^Ran (\d+) tests? in [\d.]+s$/;

const WORDS: readonly (readonly [RegExp, TestStatus])[] = [
  [/(?:^|\.\.\. )skipped .*$/, 'SKIPPED'],
  [/expected failure$/, 'XFAIL'],
  [/unexpected success$/, 'FAILED'],
  [/FAIL$/, 'FAILED'],
  [/ERROR$/, 'ERROR'],
  [/ok$/, 'PASSED'],
];

export const unittestParser: LogParser = {
  name: 'unittest',
  parse(output) {
    const tests = new TestMap();
    /** Tests that have begun and have no result yet, the latest last. */
    const open: string[] = [];
    let before = '';
    /** Below the results stand the failures with their messages, which may hold anything. */
    let inDetails = false;
    for (const line of outputLines(output)) {
      const listed = RULE.test(before) ? LISTED.exec(line) : null;
      before = line;
      if (listed !== null) {
        tests.set(idOf(listed[2], listed[3]), listed[1] === 'FAIL' ? 'FAILED' : 'ERROR');
        inDetails = true;
      }
      if (UNITTEST_COUNT.test(line)) inDetails = false;
      if (inDetails) continue;
      const part = PART.exec(line);
      if (part !== null) {
        tests.set(idOf(part[1], part[2]), part[3] === 'FAIL' ? 'FAILED' : 'ERROR');
        continue;
      }
      let end = 0;
      for (const match of line.matchAll(BEGINS)) {
        open.push(idOf(match[1], match[2]));
        end = match.index + match[0].length;
      }
      const current = open.at(-1);
      const status = resultOf(line.slice(end));
      if (status === undefined || current === undefined) continue;
      open.pop();
      tests.set(current, status);
    }
    return tests.map;
  },
};

/** The result at the end of a line, also glued to what the test printed (`some textok`). A test that prints such a line itself is still listed below when it fails. */
function resultOf(text: string): TestStatus | undefined {
  return WORDS.find(([word]) => word.test(text))?.[1];
}

/** `setUpClass (module.Class)` and import failures (`unittest.loader._FailedTest`) name no test of the suite but are kept as what they are. */
function idOf(method = '', place = ''): string {
  return place.endsWith(`.${method}`) ? place : `${place}.${method}`;
}
