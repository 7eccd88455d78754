import { shellWord } from '../../base/shell-word.ts';

/** Which files of a repository are tests, and how the task's own runner is told to run some of them. Pure. */

const BY_NAME = /(^|\/)(test_[^/]*|[^/]*_tests?|tests?)\.py$|[._-](test|spec)\.[cm]?[jt]sx?$/;
const BY_FOLDER = /(^|\/)(tests?|__tests__|specs?)\/(.*\/)?[^/]+\.[cm]?[jt]sx?$/;
/** What lies beside tests and is none. */
const BESIDE =
  /(^|\/)(fixtures?|support|helpers?|data|mocks?|__mocks__|__snapshots__|node_modules)\/|\.d\.ts$|\.config\./;

export function isTestFile(path: string): boolean {
  return BY_NAME.test(path) || (BY_FOLDER.test(path) && !BESIDE.test(path));
}

/** Words of a command that name tests: files of source code, and modules for Python's unittest. */
const NAMES_TESTS = /^['"]?[\w./-]+\.[cm]?[jt]sx?['"]?$|^['"]?[\w./-]+\.py['"]?$|^['"]?tests?\/['"]?$/;
const MODULE = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/;
const SHELL = /[;&|<>`\n]|\$\(/;

/**
 * The task's command with these files in place of those at its end, which may be known from the hidden tests only. Null when the command is more than one call of one
 * runner, or no file of `files` is of its language.
 */
export function commandFor(command: string, parser: string, files: readonly string[]): string | null {
  const own = files.filter((path) => path.endsWith('.py') === (parser === 'pytest' || parser === 'unittest'));
  const plain = command.trim();
  if (own.length === 0 || SHELL.test(plain)) return null;
  const words = plain.split(/ +/);
  while (words.length > 1 && namesTests(words.at(-1) ?? '', parser)) words.pop();
  const names = parser === 'unittest' ? own.map(moduleOf) : own;
  return [...words, ...names.map(shellWord)].join(' ');
}

function namesTests(word: string, parser: string): boolean {
  return parser === 'unittest' ? MODULE.test(word) && word !== 'unittest' : NAMES_TESTS.test(word);
}

function moduleOf(path: string): string {
  return path.replace(/\.py$/, '').replaceAll('/', '.');
}
