/**
 * Jest with `--verbose`: below a head (`PASS file`, `FAIL file`) a tree, describe blocks by indentation, tests with a mark, closed by an empty line; then details of failures. Ids: blocks and name
 * joined by ` > `. A file that cannot be loaded is an error under its own name. Source: recorded output of Jest 29 and 30.
 */
import type { LogParser, TestStatus } from '../../contracts/index.ts';
import { outputLines, TestMap } from './test-map.ts';

const MARKS: ReadonlyMap<string, TestStatus> = new Map([
  ['✓', 'PASSED'],
  ['√', 'PASSED'],
  ['✕', 'FAILED'],
  ['×', 'FAILED'],
  ['○', 'SKIPPED'],
  ['✎', 'SKIPPED'],
]);
const DURATION = / \(\d+(?:\.\d+)? m?s\)$/;

export const jestParser: LogParser = {
  name: 'jest',
  parse(output) {
    const tests = new TestMap();
    let blocks: { indent: number; name: string }[] = [];
    let file = '';
    let inTree = false;
    for (const line of outputLines(output)) {
      const head = /^ ?(?:PASS|FAIL) +(\S.*)$/.exec(line);
      if (head !== null) {
        file = (head[1] ?? '').replace(DURATION, '');
        inTree = true;
        blocks = [];
        continue;
      }
      if (line.startsWith('  ●')) {
        if (line.startsWith('  ● Test suite failed to run') && file !== '') tests.set(file, 'ERROR');
        inTree = false;
      }
      if (line.trim() === '') inTree = false;
      // Anything else in a tree is the rest of a name with line ends.
      const match = inTree ? /^( +)(?:([✓√✕×○✎]) )?(\S.*)$/.exec(line) : null;
      if (match === null) continue;
      const [, space = '', mark, text = ''] = match;
      blocks = blocks.filter((block) => block.indent < space.length);
      const status = MARKS.get(mark ?? '');
      if (status === undefined) {
        blocks.push({ indent: space.length, name: text });
        continue;
      }
      const name = text.replace(DURATION, '').replace(status === 'SKIPPED' ? /^(?:skipped|todo) / : /^$/, '');
      tests.set([...blocks.map((block) => block.name), name].join(' > '), status);
    }
    return tests.map;
  },
};
