/** Parsers of runners whose lines only make sense together: suites, queues, blocks. */
import { LINE_PARSERS } from './line-parsers.ts';
import { matchStart, pythonRegExp } from './python-regexp.ts';
import { pythonStrip } from './python-text.ts';
import type { ParseOptions, StatusMap, SwebenchParser } from './swebench-parser.ts';

/** Ends with `)`, which is asked first: the pattern takes long over lines that do not. */
const SUITE = pythonRegExp('^(\\w.+) \\(.+\\)$');
const MARKED = pythonRegExp('^\\s*([✔✘↩])\\s*(.*)$');
const MARKS: Readonly<Record<string, string>> = { '✔': 'PASSED', '✘': 'FAILED', '↩': 'SKIPPED' };

/** `--testdox`: a line names the suite, marked lines its tests. */
const phpunit: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  let suite = 'None';
  for (const line of log.split('\n')) {
    const heading = line.endsWith(')') ? matchStart(SUITE, line) : null;
    const test = heading === null ? matchStart(MARKED, line) : null;
    if (heading !== null) suite = heading[1] ?? '';
    else if (test !== null) map.set(`${suite} > ${test[2]}`, MARKS[test[1] ?? ''] ?? '');
  }
  return map;
};

const MAVEN_TEST = pythonRegExp('^.*-Dtest=(\\S+).*$');
const MAVEN_RESULT = pythonRegExp('^.*BUILD (SUCCESS|FAILURE)$');

/** One build per test: names from the traced commands, results from the builds, matched first come, first served, whichever of both is printed first. */
const maven: SwebenchParser = (log, { modern }) => {
  const map: StatusMap = new Map();
  const tests: string[] = [];
  const early: string[] = [];
  let current = '---NO TEST NAME FOUND YET---'; // what harness 4 calls it
  const settle = (name: string, result: string) => map.set(name, result === 'SUCCESS' ? 'PASSED' : 'FAILED');
  for (const raw of log.split('\n')) {
    const line = pythonStrip(raw);
    const name = MAVEN_TEST.exec(line)?.[1];
    if (name !== undefined) {
      tests.push(name);
      current = name;
    }
    const result = MAVEN_RESULT.exec(line)?.[1];
    if (result === undefined) continue;
    if (!modern) settle(current, result);
    else if (tests.length > 0) settle(tests.shift() ?? '', result);
    else early.push(result);
  }
  if (modern) for (const result of early.slice(0, tests.length)) settle(tests.shift() ?? '', result);
  return map;
};

/** Asked first, since the whole takes long over lines with many blanks. */
const GRADLE_RESULT = pythonRegExp('\\s(?:PASSED|FAILED)$');
const GRADLE_WHOLE = pythonRegExp('^([^>].+)\\s+(PASSED|FAILED)$');
const GRADLE_NAME = pythonRegExp('^([^>]\\S*\\s+>\\s+\\S+)$');

/** Name and status on one line, or (harness 5) on two when something was printed between. */
const gradle: SwebenchParser = (log, { modern }) => {
  const map: StatusMap = new Map();
  let waiting = '';
  for (const raw of log.split('\n')) {
    const line = pythonStrip(raw);
    const whole = GRADLE_RESULT.test(line) ? GRADLE_WHOLE.exec(line) : null;
    if (whole !== null) {
      map.set(whole[1] ?? '', whole[2] ?? '');
      waiting = '';
    } else if (modern) {
      const name = GRADLE_NAME.exec(line)?.[1];
      if (name !== undefined) waiting = name;
      else if (waiting !== '' && (line === 'PASSED' || line === 'FAILED')) {
        map.set(waiting, line);
        waiting = '';
      }
    }
  }
  return map;
};

const KARMA_LINE = pythonRegExp('^(\\s*)?([✔✖])?\\s(.*)$');

/** Between the start of the browser and the summary; deeper lines without a mark open a suite. */
const karma: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  const suites: string[] = [];
  let depth = -1;
  let started = false;
  for (const line of log.split('\n')) {
    if (line.startsWith('SUMMARY:')) break;
    if (line.includes('Starting browser')) {
      started = true;
      continue;
    }
    const match = started ? matchStart(KARMA_LINE, line) : null;
    if (match === null) continue;
    const [, indent = '', mark, name = ''] = match;
    if (indent !== '' && mark === undefined) {
      if (indent.length > depth) {
        depth = indent.length;
        suites.push(name);
      } else if (indent.length < depth) {
        depth = indent.length;
        if (suites.length === 0) throw new Error('the log closes more suites than it opens');
        suites.pop();
        continue;
      }
    }
    if (mark !== undefined) map.set([...suites, name].join(' > '), mark === '✔' ? 'PASSED' : 'FAILED');
  }
  return map;
};

/** Another parser for other pull requests of the same repository; others are an error, as in the reference. */
function byPullRequest(part: 'second' | 'last', parsers: Readonly<Record<string, readonly string[]>>): SwebenchParser {
  return (log, options: ParseOptions) => {
    const id = options.instanceId ?? '';
    const number = part === 'last' ? id.split('-').at(-1) : id.split('-')[1];
    const found = Object.entries(parsers).find(([, numbers]) => numbers.includes(number ?? ''))?.[0] ?? '';
    const parse = LINE_PARSERS.get(found);
    if (parse === undefined) throw new Error(`Unknown instance id: ${id}`);
    return parse(log, options);
  };
}

/** By the names that stand in data sets, without `parse_log_`. */
export const BLOCK_PARSERS: ReadonlyMap<string, SwebenchParser> = new Map([
  ['phpunit', phpunit],
  ['maven', maven],
  ['gradle_custom', gradle],
  ['karma', karma],
  ['jekyll', byPullRequest('second', { minitest: ['9141', '8047', '8167'], cucumber: ['8761', '8771'] })],
  ['immutable_js', byPullRequest('last', { jest: ['2006'], jest_json: ['2005'] })],
]);
