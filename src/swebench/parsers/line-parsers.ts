/** Parsers of runners that say one test per line: a pattern with its groups, and what the words of the status group mean. */
import { pythonRegExp } from './python-regexp.ts';
import { pythonStrip } from './python-text.ts';
import type { StatusMap, SwebenchParser } from './swebench-parser.ts';

interface LineRule {
  pattern: RegExp;
  /** Numbers of the groups. */
  status: number;
  name: number;
  words: Readonly<Record<string, string>>;
  /** True for every line that the pattern fits; it takes long over others. */
  may?: (line: string) => boolean;
  clean?: (name: string, word: string) => string;
}

function byLines(rule: LineRule): SwebenchParser {
  return (log) => {
    const map: StatusMap = new Map();
    for (const raw of log.split('\n')) {
      const line = pythonStrip(raw);
      const match = rule.may?.(line) === false ? null : rule.pattern.exec(line);
      const word = match?.[rule.status] ?? '';
      const status = rule.words[word];
      const name = match?.[rule.name] ?? '';
      if (match !== null && status !== undefined) map.set(rule.clean?.(name, word) ?? name, status);
    }
    return map;
  };
}

const endsInBracket = (line: string) => line.endsWith(')');
const PASS_FAIL = { PASS: 'PASSED', FAIL: 'FAILED', ERR: 'FAILED', SKIP: 'SKIPPED' };
const DURATION = '(?:\\s\\((\\d+\\s*m?s)\\))?$';
const IN_FILE = pythonRegExp('(?<!\\s)\\s+in\\s+\\S+$');

const RULES: Readonly<Record<string, LineRule>> = {
  redis: {
    pattern: pythonRegExp(`^\\[(ok|err|skip|ignore)\\]:\\s(.+?)${DURATION}`),
    status: 1,
    name: 2,
    words: { ok: 'PASSED', err: 'FAILED', skip: 'SKIPPED', ignore: 'SKIPPED' },
    clean: (name, word) => (word === 'err' ? name.replace(IN_FILE, '') : name),
  },
  jq: { pattern: pythonRegExp('^\\s*(PASS|FAIL):\\s(.+)$'), status: 1, name: 2, words: PASS_FAIL },
  micropython_test: {
    pattern: pythonRegExp('^(pass|FAIL|skip)\\s+(.+)$'),
    status: 1,
    name: 2,
    words: { pass: 'PASSED', FAIL: 'FAILED', skip: 'SKIPPED' },
  },
  googletest: {
    pattern: pythonRegExp('^.*\\[\\s*(OK|FAILED)\\s*\\]\\s(.*)\\s\\(.*\\)$'),
    status: 1,
    name: 2,
    words: { OK: 'PASSED', FAILED: 'FAILED' },
    may: endsInBracket,
  },
  gotest: {
    pattern: pythonRegExp('^--- (PASS|FAIL|SKIP): (.+) \\(.+\\)$'),
    status: 1,
    name: 2,
    words: PASS_FAIL,
    may: endsInBracket,
  },
  ant: {
    pattern: pythonRegExp('^\\s*\\[junit\\]\\s+\\[(PASS|FAIL|ERR)\\]\\s+(.*)$'),
    status: 1,
    name: 2,
    words: PASS_FAIL,
  },
  minitest: {
    pattern: pythonRegExp('^(.+)\\. .*=.*(\\.|F|E).*$'),
    status: 2,
    name: 1,
    words: { '.': 'PASSED', F: 'FAILED', E: 'FAILED' },
    may: (line) => line.includes('='),
  },
  cucumber: { pattern: pythonRegExp('^(.*) \\.+(\\.|F)'), status: 2, name: 1, words: { '.': 'PASSED', F: 'FAILED' } },
  ruby_unit: {
    pattern: pythonRegExp('^\\s*(?:test: )?(.+):\\s+(\\.|E\\b|F\\b|O\\b)'),
    status: 2,
    name: 1,
    words: { '.': 'PASSED', E: 'FAILED', F: 'FAILED', O: 'SKIPPED' },
  },
  rspec_transformed_json: {
    pattern: pythonRegExp('^(.+) - (passed|failed)'),
    status: 2,
    name: 1,
    words: { passed: 'PASSED', failed: 'FAILED' },
  },
  cargo: {
    pattern: pythonRegExp('^test\\s+(\\S+)\\s+\\.\\.\\.\\s+(\\w+)$'),
    status: 2,
    name: 1,
    words: { ok: 'PASSED', FAILED: 'FAILED' },
  },
  jest: {
    pattern: pythonRegExp(`^\\s*(✓|✕|○)\\s(.+?)${DURATION}`),
    status: 1,
    name: 2,
    words: { '✓': 'PASSED', '✕': 'FAILED', '○': 'SKIPPED' },
    clean: pythonStrip,
  },
  jest_json: {
    pattern: pythonRegExp('^\\[(PASSED|FAILED)\\]\\s(.+)$'),
    status: 1,
    name: 2,
    words: { PASSED: 'PASSED', FAILED: 'FAILED' },
  },
  vitest: {
    pattern: pythonRegExp('^\\s*(✓|×|↓)\\s(.+?)(?:\\s(\\d+\\s*m?s?|\\[skipped\\]))?$'),
    status: 1,
    name: 2,
    words: { '✓': 'PASSED', '×': 'FAILED', '↓': 'SKIPPED' },
  },
  tap: {
    pattern: pythonRegExp('^(ok|not ok) (\\d+) (.+)$'),
    status: 1,
    name: 3,
    words: { ok: 'PASSED', 'not ok': 'FAILED' },
  },
};

/** By the names that stand in data sets, without `parse_log_`. */
export const LINE_PARSERS: ReadonlyMap<string, SwebenchParser> = new Map(
  Object.entries(RULES).map(([name, rule]) => [name, byLines(rule)]),
);
