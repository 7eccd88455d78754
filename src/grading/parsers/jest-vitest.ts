/**
 * Jest (`--verbose`) and Vitest (`--reporter=verbose`). Jest prints a tree: describe blocks by indentation, tests with a mark; ids are blocks and name joined by ` > `. Vitest prints whole
 * paths: `✓ file > suite > test 3ms`; these are the ids, with the file.
 */
import type { LogParser, TestStatus } from '../../contracts/index.ts';
import { outputLines, TestMap } from './test-map.ts';

const MARKS: Record<string, TestStatus> = {
  '✓': 'PASSED',
  '√': 'PASSED',
  '✕': 'FAILED',
  '×': 'FAILED',
  '○': 'SKIPPED',
  '✎': 'SKIPPED',
  '↓': 'SKIPPED',
};
const DURATION = / +\(?\d+(?:\.\d+)? ?m?s\)?$/;

export const jestParser: LogParser = {
  name: 'jest',
  parse(output) {
    const tests = new TestMap();
    let blocks: { indent: number; name: string }[] = [];
    let inTree = false;
    for (const line of outputLines(output)) {
      if (/^(PASS|FAIL) /.test(line)) {
        inTree = true;
        blocks = [];
        continue;
      }
      if (!inTree) continue;
      const match = /^( +)(?:([✓√✕×○✎]) )?(\S.*)$/.exec(line);
      if (match === null) {
        // Details of failures follow the tree; an empty line may also stand between two top-level blocks.
        if (line.trim() !== '') inTree = false;
        continue;
      }
      const [, space = '', mark, text = ''] = match;
      if (text.startsWith('●')) {
        inTree = false;
        continue;
      }
      blocks = blocks.filter((block) => block.indent < space.length);
      const status = mark === undefined ? undefined : MARKS[mark];
      if (status === undefined) {
        blocks.push({ indent: space.length, name: text });
        continue;
      }
      const name = text.replace(DURATION, '').replace(status === 'SKIPPED' ? /^(skipped|todo) / : /^$/, '');
      tests.set([...blocks.map((block) => block.name), name].join(' > '), status);
    }
    return tests.map;
  },
};

export const vitestParser: LogParser = {
  name: 'vitest',
  parse(output) {
    const tests = new TestMap();
    for (const line of outputLines(output)) {
      const match = /^ *([✓√✕×↓]) (\S.* > .*)$/.exec(line);
      const status = match === null ? undefined : MARKS[match[1] ?? ''];
      if (status !== undefined) tests.set((match?.[2] ?? '').replace(DURATION, '').trimEnd(), status);
    }
    return tests.map;
  },
};
