/** Parsers of the JavaScript repositories of SWE-bench Multimodal. Many of them know failures only; their instances are graded by `fail_only`. */
import { pythonRegExp } from './python-regexp.ts';
import { beforeLast, behindLast, pythonStrip, withoutAnsi } from './python-text.ts';
import { lighthouseMocha } from './suite-parsers.ts';
import type { StatusMap, SwebenchParser } from './swebench-parser.ts';

const SPACES = pythonRegExp('\\s+', 'g');
/** Every match of each pattern is a failed test named by a group. Matches end with `end`: behind the last one, every start would be tried up to the end of the log. */
function failures(
  patterns: readonly (readonly [RegExp, group: number, end?: string])[],
  clean: (name: string) => string,
): SwebenchParser {
  return (log) => {
    const map: StatusMap = new Map();
    for (const [pattern, group, end] of patterns) {
      const text = end === undefined ? log : log.slice(0, log.lastIndexOf(end) + end.length);
      for (const match of text.matchAll(pattern)) map.set(clean(match[group] ?? ''), 'FAILED');
    }
    return map;
  };
}
const asItIs = (name: string) => name;
const oneLine = (name: string) => pythonStrip(name.replace(SPACES, ' '));

const eslint = failures([[pythonRegExp('(\\s{2}\\d+\\))([\\s\\S]*?)\\s+(?:(.*)Error)', 'g'), 2, 'Error']], oneLine);

const bpmn = failures(
  [
    [pythonRegExp('2KPhantomJS\\s[\\d\\.]+\\s\\(Linux\\s[\\d\\.]+\\)\\s(.*)FAILED\\n', 'g'), 1],
    [pythonRegExp('2KPhantomJS\\s[\\d\\.]+\\s\\(Linux\\sx86\\_64\\)\\s(.*)FAILED\\n', 'g'), 1],
    [pythonRegExp('Chrome\\sHeadless\\s(.*)\\s\\(Linux\\sx86\\_64\\)\\s(.*)FAILED\\n', 'g'), 2],
    [pythonRegExp('HeadlessChrome\\s[\\d\\.]+\\s\\(Linux\\s[\\d\\.]+\\)\\s(.*)FAILED\\n', 'g'), 1],
  ],
  asItIs,
);

const openlayers = failures(
  [
    [pythonRegExp('Chrome\\sHeadless\\s[\\d\\.]+\\s\\(Linux\\s[\\d\\.\\_\\S]+\\)\\s(.*)\\sFAILED\\n', 'gm'), 1],
    [pythonRegExp('Chrome\\s[\\d\\.]+\\s\\(Linux\\s[\\d\\.\\_\\S]+\\)\\s(.*)FAILED\\n', 'gm'), 1],
    [pythonRegExp('^\\s{2}\\d+\\)([\\s\\S]*?)Error:', 'gm'), 1, 'Error:'],
    [pythonRegExp('^case\\s(.*):\\smismatch', 'gm'), 1],
  ],
  oneLine,
);

const chartFailures = failures(
  [[pythonRegExp('Chrome\\s[\\d\\.]+[^\\S\\r\\n]\\(.+?\\)[^\\S\\r\\n](.*)FAILED$', 'gm'), 1]],
  asItIs,
);
const chartJs: SwebenchParser = (log, options) => chartFailures(withoutAnsi(log), options);

const MARKED_FAILURE = pythonRegExp('^\\d+\\)\\s(.*)');
const marked: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  for (const line of log.split('\n')) {
    const name = MARKED_FAILURE.exec(line)?.[1];
    if (name !== undefined) map.set(pythonStrip(name), 'FAILED');
  }
  return map;
};

/** Whole files: `PASS src/x.test.js (5.1s)`, in order of lines. */
const FILE_LINES = ['PASS', 'FAIL'].flatMap((word) =>
  ['\\s\\([\\d\\.]+ms\\)', '\\s\\([\\d\\.]+\\ss\\)', '\\s\\([\\d\\.]+s\\)', ''].map((end) => ({
    pattern: pythonRegExp(`^${word}\\s(.*)${end}`),
    status: `${word}ED`,
  })),
);
const carbon: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  for (const line of log.split('\n')) {
    const found = FILE_LINES.find(({ pattern }) => pattern.test(line));
    if (found !== undefined) map.set(found.pattern.exec(line)?.[1] ?? '', found.status);
  }
  return map;
};

/** Whole files again, failed ones first. */
function filesByStatus(clean: (name: string) => string): SwebenchParser {
  return (log) => {
    const map: StatusMap = new Map();
    for (const word of ['FAIL', 'PASS'])
      for (const [, name = ''] of log.matchAll(pythonRegExp(`^${word}\\s(.*)`, 'gm')))
        map.set(clean(pythonStrip(name)), `${word}ED`);
    return map;
  };
}
const GROMMET_TIME = pythonRegExp('\\s\\([\\d\\.]+\\s?(?:ms|s)\\)$');
const emotion = filesByStatus(asItIs);
const grommet = filesByStatus((name) => name.replace(GROMMET_TIME, ''));

const PRISM_COMMAND = './node_modules/.bin/mocha tests/run.js --reporter json';
interface MochaResult {
  fullTitle: string;
}
const prismjs: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  for (const part of log.split(PRISM_COMMAND).slice(1)) {
    const at = part.indexOf('{');
    const body = beforeLast(at < 0 ? part : part.slice(at + 1), '}');
    const results = JSON.parse(`{${body}}`) as { failures: MochaResult[]; passes: MochaResult[] };
    for (const test of results.failures) map.set(test.fullTitle, 'FAILED');
    for (const test of results.passes) map.set(test.fullTitle, 'PASSED');
  }
  return map;
};

const FULL_TITLE = pythonRegExp('\\"fullTitle\\"\\:\\s\\"(.*)\\",\\n', 'gm');

/** Reports of mocha as text, cut out of the log of several commands. */
function titles(
  parts: readonly string[],
  lists: readonly (readonly [start: string, end: string, status: string])[],
): StatusMap {
  const map: StatusMap = new Map();
  for (const part of parts)
    for (const [start, end, status] of lists)
      for (const [, title = ''] of beforeLast(behindLast(part, start), end).matchAll(FULL_TITLE))
        map.set(title, status);
  return map;
}

const cypress: SwebenchParser = (log) =>
  titles(log.split('../..').slice(0, -1), [
    ['  "passes": [', '  }', 'PASSED'],
    ['  "failures": [', '  ],', 'FAILED'],
  ]);

const lighthouse: SwebenchParser = (log, options) => {
  const version = options.version ?? '';
  if (['9.5', '10.0', '10.2'].includes(version)) return lighthouseMocha(log, options);
  const number = Number(version === '' ? Number.NaN : version);
  if (Number.isNaN(number)) throw new Error(`could not convert string to float: '${version}'`);
  if (number >= 3) return carbon(log, options);
  return titles(log.split('./node_modules/.bin/mocha --reporter json').slice(1), [
    ['"passes": [', ']', 'PASSED'],
    ['"failures": [', '],', 'FAILED'],
  ]);
};

/** By the names that stand in data sets, without `parse_log_`. */
export const JAVASCRIPT_PARSERS: ReadonlyMap<string, SwebenchParser> = new Map([
  ['eslint', eslint],
  ['bpmn_js', bpmn],
  ['openlayers', openlayers],
  ['chart_js', chartJs],
  ['marked', marked],
  ['carbon', carbon],
  ['react_pdf', carbon],
  ['prettier', carbon],
  ['scratch_gui', carbon],
  ['emotion', emotion],
  ['grommet', grommet],
  ['prismjs', prismjs],
  ['cypress', cypress],
  ['lighthouse', lighthouse],
]);
