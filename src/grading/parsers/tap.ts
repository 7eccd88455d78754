/**
 * TAP, flat (`tap`) and nested as node's test runner prints it (`node-test`). Ids: the description, below its suites joined by ` > `. A subtest that only stands for a file is left out.
 * Format: testanything.org, version 13 and 14 (subtests indented by four).
 */
import type { LogParser, TestStatus } from '../../contracts/index.ts';
import { outputLines, TestMap } from './test-map.ts';

interface Point {
  indent: number;
  ok: boolean;
  name: string;
  directive: string;
}

const POINT = /^( *)(not ok|ok)(?: +(\d+))?(?: +-)?(?: +(.*))?$/;

function parsePoint(line: string): Point | undefined {
  const match = POINT.exec(line);
  if (match === null) return undefined;
  const text = match[4] ?? '';
  // A directive begins with an unescaped `#`; names may hold `\#` and `\\`.
  const directive = /(?:^|\s)(?<!\\)#\s*(SKIP|TODO)\b.*$/i.exec(text);
  const name = (directive === null ? text : text.slice(0, directive.index)).replace(/\\([#\\])/g, '$1').trim();
  return {
    indent: (match[1] ?? '').length,
    ok: match[2] === 'ok',
    name,
    directive: directive?.[1]?.toUpperCase() ?? '',
  };
}

function statusOf(point: Point): TestStatus {
  if (point.directive === 'SKIP') return 'SKIPPED';
  if (point.directive === 'TODO') return point.ok ? 'PASSED' : 'XFAIL';
  return point.ok ? 'PASSED' : 'FAILED';
}

export const tapParser: LogParser = {
  name: 'tap',
  parse(output) {
    const tests = new TestMap();
    for (const line of outputLines(output)) {
      const point = parsePoint(line);
      if (point !== undefined && point.indent === 0 && point.name !== '') tests.set(point.name, statusOf(point));
    }
    return tests.map;
  },
};

/** Does the name stand for a test file? Older versions of the runner wrap each file in a subtest named by its path; a file that cannot be loaded is one too. */
const isFile = (name: string) =>
  /^\S*\/\S+\.[cm]?[jt]sx?$/.test(name) || /^[^\s/]+\.(?:test|spec)\.[cm]?[jt]sx?$/.test(name);

export const nodeTestParser: LogParser = {
  name: 'node-test',
  parse(output) {
    const tests = new TestMap();
    /** Points wait for their parent, which follows them with less indentation. */
    const waiting = new Map<number, { path: string[]; status: TestStatus; leaf: boolean }[]>();
    let block: number | undefined;
    for (const line of outputLines(output)) {
      // YAML blocks below a point may hold anything, also lines that look like points.
      if (block !== undefined) {
        if (line === `${' '.repeat(block)}...`) block = undefined;
        continue;
      }
      const opening = /^( +)---$/.exec(line);
      if (opening !== null) {
        block = opening[1]?.length;
        continue;
      }
      const point = parsePoint(line);
      if (point === undefined || point.indent % 4 !== 0) continue;
      const depth = point.indent / 4;
      const children = waiting.get(depth + 1) ?? [];
      waiting.delete(depth + 1);
      const own = isFile(point.name) ? [] : [point.name];
      const raised = children.map((child) => ({ ...child, path: [...own, ...child.path] }));
      // A suite without a test that ran counts itself: it failed before its tests could.
      const entries = raised.length > 0 ? raised : [{ path: own, status: statusOf(point), leaf: true }];
      if (raised.length > 0 && !point.ok && raised.every((child) => child.status !== 'FAILED'))
        entries.push({ path: own, status: 'FAILED', leaf: false });
      waiting.set(depth, [...(waiting.get(depth) ?? []), ...entries]);
      if (depth === 0) flush(waiting, tests);
    }
    flush(waiting, tests);
    return tests.map;
  },
};

function flush(waiting: Map<number, { path: string[]; status: TestStatus }[]>, tests: TestMap): void {
  for (const { path, status } of waiting.get(0) ?? []) if (path.length > 0) tests.set(path.join(' > '), status);
  waiting.delete(0);
}
