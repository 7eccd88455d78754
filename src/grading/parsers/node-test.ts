/**
 * Nested TAP as node's test runner prints it (`--test-reporter=tap`). A point follows its subtests and stands four columns to their left; a YAML block below a point says whether it is a suite.
 * Ids: enclosing suites and tests and the test's own name, joined by ` > `. Source: Node.js documentation, "Test reporters", and recorded output.
 */
import type { LogParser, TestStatus } from '../../contracts/index.ts';
import { parseTapPoint, type TapPoint } from './tap-point.ts';
import { outputLines, TestMap } from './test-map.ts';

interface Entry {
  path: string[];
  status: TestStatus;
}

export const nodeTestParser: LogParser = {
  name: 'node-test',
  parse(output) {
    const tests = new TestMap();
    /** By depth: what waits for the parent point that follows. */
    const waiting = new Map<number, Entry[]>();
    let point: TapPoint | undefined;
    let block: { indent: number; suite: boolean } | undefined;
    const finish = () => {
      if (point !== undefined) place(point, block?.suite === true, waiting);
      for (const { path, status } of waiting.get(0) ?? []) if (path.length > 0) tests.set(path.join(' > '), status);
      waiting.delete(0);
      point = undefined;
      block = undefined;
    };
    for (const line of outputLines(output)) {
      if (block !== undefined) {
        // Blocks may hold anything, also lines that look like points.
        if (line === `${' '.repeat(block.indent)}type: 'suite'`) block.suite = true;
        else if (line === `${' '.repeat(block.indent)}...`) finish();
        continue;
      }
      const opening = /^( +)---$/.exec(line);
      if (opening !== null && point !== undefined && opening[1]?.length === point.indent + 2) {
        block = { indent: point.indent + 2, suite: false };
        continue;
      }
      const next = parseTapPoint(line);
      if (next === undefined || next.indent % 4 !== 0) continue;
      finish();
      point = next;
    }
    finish();
    return tests.map;
  },
};

/** Joins a point with the subtests before it. */
function place(point: TapPoint, suite: boolean, waiting: Map<number, Entry[]>): void {
  const depth = point.indent / 4;
  const children = waiting.get(depth + 1) ?? [];
  waiting.delete(depth + 1);
  const file = isFile(point.name);
  const own = file && children.length > 0 ? [] : [point.name];
  const entries = children.map((child) => ({ ...child, path: [...own, ...child.path] }));
  // Suites and files are no tests, but one that fails without a failing test failed in itself: in a hook, or while it was loaded.
  const failed = point.status === 'FAILED';
  const explained = children.some((child) => child.status === 'FAILED');
  if (!suite && !file) entries.push({ path: own, status: point.status });
  else if (failed && !explained && own.length > 0) entries.push({ path: own, status: 'ERROR' });
  waiting.set(depth, [...(waiting.get(depth) ?? []), ...entries]);
}

/** Does the name stand for a test file? Some versions wrap each file in a subtest named by its path, all do so for a file that cannot be loaded. */
const isFile = (name: string) =>
  /^\S*\/\S+\.[cm]?[jt]sx?$/.test(name) || /^[^\s/]+\.(?:test|spec)\.[cm]?[jt]sx?$/.test(name);
