/** Log parsers of the Python repositories: text of a test run to test id -> status, in order of appearance. Statuses are what the log says, also odd text. */
import { pythonRegExp } from './python-regexp.ts';
import { pythonStrip, pythonWords } from './python-text.ts';
import type { ParseOptions, StatusMap, SwebenchParser } from './swebench-parser.ts';

const STATUSES = ['FAILED', 'PASSED', 'SKIPPED', 'ERROR', 'XFAIL'] as const;
const startsWithStatus = (line: string) => STATUSES.some((status) => line.startsWith(status));

/** Lines of the short summary, as words: status, id, ... */
function* summaryWords(log: string, { modern }: ParseOptions): Generator<string[]> {
  for (const line of log.split('\n')) {
    if (!startsWithStatus(line)) continue;
    const words = pythonWords(line.startsWith('FAILED') ? line.replaceAll(' - ', ' ') : line);
    if (words.length <= 1 || (modern && words[0] === 'SKIPPED' && /^\[\d+\]$/.test(words[1] ?? ''))) continue;
    yield words;
  }
}

const pytest: SwebenchParser = (log, options) => {
  const map: StatusMap = new Map();
  for (const [status = '', id = ''] of summaryWords(log, options)) map.set(id, status);
  return map;
};

/** Absolute paths in parameters keep their last part only. */
const pytestOptions: SwebenchParser = (log, options) => {
  const map: StatusMap = new Map();
  for (const [status = '', id = ''] of summaryWords(log, options)) {
    const parts = /^(.*?)\[(.*)\]/.exec(id);
    const parameter = parts?.[2] ?? '';
    const isPath = parameter.startsWith('/') && !parameter.startsWith('//') && !parameter.includes('*');
    map.set(parts === null ? id : `${parts[1]}[${isPath ? `/${parameter.split('/').at(-1)}` : parameter}]`, status);
  }
  return map;
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape characters themselves are what goes
const CONTROL = /[\u0001-\u001f]/g;

/** Colours are taken away; statuses stand before or after the id. */
const pytestV2: SwebenchParser = (log, { modern }) => {
  const map: StatusMap = new Map();
  for (const raw of log.split('\n')) {
    const line = raw.replace(/\[\d+m/g, '').replace(CONTROL, '');
    if (startsWithStatus(line)) {
      if (modern) {
        const [status = '', ...id] = pythonWords(line.startsWith('FAILED') ? (line.split(' - ')[0] ?? '') : line);
        if (id.length > 0 && !(status === 'SKIPPED' && /^\[\d+\]$/.test(id[0] ?? ''))) map.set(id.join(' '), status);
      } else {
        const [status = '', id] = pythonWords(line.startsWith('FAILED') ? line.replaceAll(' - ', ' ') : line);
        if (id !== undefined) map.set(id, status);
      }
    } else if (STATUSES.some((status) => line.endsWith(status))) {
      const words = pythonWords(line);
      if (words.length >= 2)
        map.set(modern ? words.slice(0, -1).join(' ') : (words[0] ?? ''), (modern ? words.at(-1) : words[1]) ?? '');
    }
  }
  return map;
};

const matplotlib: SwebenchParser = (log, options) =>
  pytest(log.replaceAll('MouseButton.LEFT', '1').replaceAll('MouseButton.RIGHT', '3'), options);

/** A verdict without a name is an error in the reference, and so of the whole instance. */
function secondWord(words: readonly string[]): string {
  const [, name] = words;
  if (name === undefined) throw new Error(`a line of the log names no test: ${words[0] ?? ''}`);
  return name;
}

const seaborn: SwebenchParser = (log, { modern }) => {
  const map: StatusMap = new Map();
  for (const line of log.split('\n')) {
    const words = pythonWords(line);
    if (modern && words.length < 2) continue;
    if (line.startsWith('FAILED')) map.set(secondWord(words), 'FAILED');
    else if (line.includes(' PASSED ')) {
      if (words[1] === 'PASSED') map.set(words[0] ?? '', 'PASSED');
    } else if (line.startsWith('PASSED')) map.set(secondWord(words), 'PASSED');
  }
  return map;
};

/** Output between ` ... ` and the verdict, so the verdict stands at the start of a later line. */
const DJANGO_SPLIT = [
  '^(.*?)\\s\\.\\.\\.\\sTesting against Django installed in ([\\s\\S]*?) silenced\\)\\.\\nok$',
  '^(.*?)\\s\\.\\.\\.\\sInternal Server Error: \\/(.*)\\/\\nok$',
  '^(.*?)\\s\\.\\.\\.\\sSystem check identified no issues \\(0 silenced\\)\\nok$',
].map((source) => pythonRegExp(source, 'gm'));

const django: SwebenchParser = (log, { early }) => {
  if (early === true) return earlyDjango(log);
  const map: StatusMap = new Map();
  let last: string | undefined;
  for (const raw of log.split('\n')) {
    let line = pythonStrip(raw);
    if (line.includes('--version is equivalent to version')) map.set('--version is equivalent to version', 'PASSED');
    if (line.includes(' ... ')) last = line.split(' ... ')[0];
    const suffix = [' ... ok', ' ... OK', ' ...  OK'].find((one) => line.endsWith(one));
    if (suffix !== undefined) {
      if (line.startsWith('Applying sites.0002_alter_domain_unique...test_no_migrations'))
        line = pythonStrip(line.slice(line.indexOf('...') + 3));
      map.set(line.slice(0, line.lastIndexOf(suffix)), 'PASSED');
    }
    if (line.includes(' ... skipped')) map.set(line.split(' ... skipped')[0] ?? '', 'SKIPPED');
    setFailures(map, line);
    if (line.startsWith('ok') && last !== undefined) map.set(last, 'PASSED');
  }
  for (const pattern of DJANGO_SPLIT) for (const match of log.matchAll(pattern)) map.set(match[1] ?? '', 'PASSED');
  return map;
};

/** One line, one test. */
function earlyDjango(log: string): StatusMap {
  const map: StatusMap = new Map();
  for (const raw of log.split('\n')) {
    const line = pythonStrip(raw);
    if (line.endsWith(' ... ok')) map.set(line.split(' ... ok')[0] ?? '', 'PASSED');
    if (line.includes(' ... skipped')) map.set(line.split(' ... skipped')[0] ?? '', 'SKIPPED');
    setFailures(map, line);
  }
  return map;
}

function setFailures(map: StatusMap, line: string): void {
  for (const [word, status] of [
    ['FAIL', 'FAILED'],
    ['ERROR', 'ERROR'],
  ] as const) {
    if (line.endsWith(` ... ${word}`)) map.set(line.split(` ... ${word}`)[0] ?? '', status);
    if (line.startsWith(`${word}:`)) map.set(secondWord(pythonWords(line)), status);
  }
}

/**
 * `____ a/b.py:test_c ____` to its middle: from the first blank to the last one, when a `.py:` is between. By hand, for lines of any length: a pattern would try the rest of the line at every
 * blank of it.
 */
function sympyFailure(line: string): string | undefined {
  const first = line.indexOf(' ');
  const last = line.lastIndexOf(' ');
  return first >= 0 && line.lastIndexOf('.py:', last - 4) > first ? line.slice(first + 1, last) : undefined;
}

const sympy: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  for (const line of log.split('\n')) {
    const failed = sympyFailure(line);
    if (failed !== undefined) map.set(failed, 'FAILED');
  }
  for (const raw of log.split('\n')) {
    const line = pythonStrip(raw);
    if (!line.startsWith('test_')) continue;
    const name = pythonWords(line)[0] ?? '';
    if (line.endsWith(' E')) map.set(name, 'ERROR');
    if (line.endsWith(' F')) map.set(name, 'FAILED');
    if (line.endsWith(' ok')) map.set(name, 'PASSED');
  }
  return map;
};

const NAMES: readonly (readonly [SwebenchParser, readonly string[]])[] = [
  [pytest, ['pytest', 'astroid', 'flask', 'marshmallow', 'pvlib', 'pyvista', 'sqlfluff', 'xarray']],
  [pytestOptions, ['pytest_options', 'pydicom', 'requests', 'pylint']],
  [pytestV2, ['pytest_v2', 'astropy', 'scikit', 'sphinx']],
  [matplotlib, ['matplotlib']],
  [seaborn, ['seaborn']],
  [django, ['django']],
  [sympy, ['sympy']],
];

/** By the names that stand in data sets. */
export const PYTHON_PARSERS: ReadonlyMap<string, SwebenchParser> = new Map(
  NAMES.flatMap(([parser, names]) => names.map((name) => [`parse_log_${name}`, parser] as const)),
);
