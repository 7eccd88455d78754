/** Parsers of runners that print suites by indentation, and tests below them. */
import { matchStart, pythonRegExp } from './python-regexp.ts';
import { behindLast, pythonStrip, withoutAnsi } from './python-text.ts';
import type { StatusMap, SwebenchParser } from './swebench-parser.ts';

interface Suite {
  name: string;
  indent: number;
}
const INDENT = pythonRegExp('^\\s+');
const indentOf = (line: string) => line.length - line.replace(INDENT, '').length;

/** Suites by indentation: a line opens one and closes those at its depth or deeper. */
function openSuite(suites: Suite[], line: string): void {
  const indent = indentOf(line);
  while ((suites.at(-1)?.indent ?? -1) >= indent) suites.pop();
  suites.push({ name: pythonStrip(line), indent });
}
const path = (suites: readonly Suite[], test: string) => [...suites.map(({ name }) => name), test].join(' - ');

const MOCHA_LINES: readonly (readonly [RegExp, string])[] = [
  [pythonRegExp('^✔\\s(.*)\\s\\(\\d+m+s\\)'), 'PASSED'],
  [pythonRegExp('^✔\\s(.*)'), 'PASSED'],
  [pythonRegExp('^\\d+\\)\\s(.*)\\s\\(\\d+m+s\\)'), 'FAILED'],
  [pythonRegExp('^\\d+\\)\\s(.*)'), 'FAILED'],
];
export const lighthouseMocha: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  for (const run of log.split(pythonRegExp('running\\s\\d+\\stest\\sfiles')).slice(1)) {
    const suites: Suite[] = [];
    const lines = pythonStrip(run.split(pythonRegExp('(?<!\\d)\\d+\\spassing'))[0] ?? '');
    for (const line of lines.split('\n')) {
      const found = MOCHA_LINES.map(([pattern, status]) => [pattern.exec(pythonStrip(line)), status] as const).find(
        ([match]) => match !== null,
      );
      if (found !== undefined) map.set(path(suites, found[0]?.[1] ?? ''), found[1]);
      else if (indentOf(line) > 0) openSuite(suites, line);
    }
  }
  return map;
};

const NOISE = ['ERROR', 'LOG', 'WARN', 'Check', 'in'];
const CROSS = pythonRegExp('^.*?✗\\s*(.*)');
const TICK = pythonRegExp('^.*?✓\\s*(.*)');
const nextKarma: SwebenchParser = (raw) => {
  const map: StatusMap = new Map();
  const suites: Suite[] = [];
  const log = withoutAnsi(raw).replace(pythonRegExp('AssertionError:\\s+#([\\s\\S]*?)\\n\\n', 'g'), '');
  for (const part of log.split(' xvfb-run ').slice(1)) {
    for (const line of behindLast(part, 'Starting browser Chrome').split('\n')) {
      if (line.startsWith('TOTAL')) break;
      if (NOISE.some((word) => pythonStrip(line).startsWith(word))) continue;
      const failed = CROSS.exec(line);
      const passed = failed === null ? TICK.exec(line) : null;
      if (failed !== null) map.set(path(suites, failed[1] ?? ''), 'FAILED');
      else if (passed !== null) map.set(path(suites, passed[1] ?? ''), 'PASSED');
      else if (indentOf(line) > 0) openSuite(suites, line);
    }
  }
  return map;
};

const RUNNING = 'Running\\:(.*)\\)\\n{3}\\s{2}(.*)\\n';
const nextCypress: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  const parts = log.split(pythonRegExp(RUNNING));
  for (const [index, match] of [...log.matchAll(pythonRegExp(RUNNING, 'g'))].entries()) {
    const part = parts[(index + 1) * 3] ?? '';
    const name = (test = '') => `${match[2]}: ${pythonStrip(test)}`;
    for (const [, test] of part.matchAll(pythonRegExp('^\\s{4}\\d+\\)\\s(.*)', 'gm'))) map.set(name(test), 'FAILED');
    for (const [, test] of part.matchAll(pythonRegExp('^\\s{4}✓\\s(.*)\\(', 'gm'))) map.set(name(test), 'PASSED');
  }
  return map;
};
const next: SwebenchParser = (log, options) => (options.version === '1.27' ? nextCypress : nextKarma)(log, options);

const TIMED = pythonRegExp('\\(\\d+ms\\)');
const CALYPSO: Readonly<Record<string, string>> = { '✓': 'PASSED', '✕': 'FAILED' };
const calypso: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  const suites: Suite[] = [];
  for (const part of log.split(' ./node_modules/.bin/jest ').slice(1)) {
    for (const line of part.split('\n')) {
      if (line.startsWith('Test Suites') || line.startsWith('  ● ')) break;
      const mark = pythonStrip(line)[0] ?? '';
      const status = CALYPSO[mark];
      if (status !== undefined) {
        const end = TIMED.test(line) ? '\\(\\d+ms\\)$' : '';
        const test = matchStart(pythonRegExp(`^\\s+${mark}\\s(.*)${end}`), line);
        if (test === null) throw new Error(`the line of a test looks odd: ${line}`);
        map.set(pythonStrip([suites.map(({ name }) => name).join(' - '), test[1] ?? ''].join(' - ')), status);
      } else if (indentOf(line) > 0) openSuite(suites, line);
    }
  }
  return map;
};

const EPILOGUE = pythonRegExp('\\n[ \\t]*\\d+ passing');
const TIMES = pythonRegExp('\\(\\d+ms\\)', 'g');
const NUMBERED = pythonRegExp('^\\d+\\)');
const highlightjs: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  let suite: string[] = [];
  for (const line of (log.split(EPILOGUE)[0] ?? '').split('\n')) {
    const text = pythonStrip(line);
    const mark = ['✓', '✔'].find((one) => text.startsWith(one));
    const set = (after: string, status: string) =>
      map.set([...suite, pythonStrip(after.replace(TIMES, ''))].join('.'), status);
    if (mark !== undefined) set(line.slice(line.indexOf(mark) + 1), 'PASSED');
    else if (NUMBERED.test(text)) set(line.slice(line.indexOf(')') + 1), 'FAILED');
    else if (line.startsWith('  ')) suite = [text];
  }
  return map;
};

const PLOTLY_SUITE = pythonRegExp('^(\\s+)-\\s+(.*?)\\s+:');
const PLOTLY_TEST = pythonRegExp('^(\\s+)\\*\\s+(.*?)\\s+:\\s*(.*)');
const plotly: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  let suites: string[] = [];
  let depth = 0;
  for (const line of log.split('\n')) {
    const suite = PLOTLY_SUITE.exec(line);
    const test = suite === null ? PLOTLY_TEST.exec(line) : null;
    const indent = (suite ?? test)?.[1]?.length;
    if (indent === undefined) continue;
    if (indent <= depth) suites = []; // the depth of all that are open is the last one's
    if (suite !== null) {
      suites = [...suites, suite[2] ?? ''];
      depth = indent;
    } else if (test !== null) {
      const words = (test[3] ?? '').toLowerCase();
      map.set(
        [...suites, test[2] ?? ''].join('.'),
        words.includes('ok') && !words.includes('failed') ? 'PASSED' : 'FAILED',
      );
    }
  }
  return map;
};

/** By the names that stand in data sets, without `parse_log_`. */
export const SUITE_PARSERS: ReadonlyMap<string, SwebenchParser> = new Map([
  ['next', next],
  ['calypso', calypso],
  ['highlightjs', highlightjs],
  ['plotly_js', plotly],
]);
