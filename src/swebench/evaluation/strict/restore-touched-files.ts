/** Puts back what a patch must not decide about: tests, and what configures or is the test runner. */
import type { Sandbox } from '../../../contracts/index.ts';
import { changesRunnerSection, isProtected, restoreRunnerKeys } from '../../../grading/protected-files.ts';
import { exec } from '../../../sandbox/exec.ts';
import { sandboxFiles } from '../../../sandbox/files.ts';

export interface RestoreOptions {
  /** Files of the test patch. */
  testFiles: ReadonlySet<string>;
  /** Where the repository's own runner lies, as the published commands start it. */
  runnerFiles: readonly RegExp[];
  /** Left as they are, e.g. test files once the test patch is in place. */
  except?: ReadonlySet<string>;
  signal: AbortSignal;
}

/** Files below folders of tests, and named like tests. */
const TEST_FILE =
  /(^|\/)(tests?|testing|__tests__|spec)\/(.*\/)?[^/]+$|(^|\/)test_[^/]+\.py$|_test\.(py|go|rb)$|\.(test|spec)\.[cm]?[jt]sx?$/;

/** Runner sections of files that configure more than tests. */
const MIXED = /(^|\/)(setup\.cfg|tox\.ini|pyproject\.toml|package\.json)$/;

/** Compares the work tree with HEAD and restores in it; returns the paths, sorted. */
export async function restoreTouchedFiles(sandbox: Sandbox, options: RestoreOptions): Promise<string[]> {
  const restored: string[] = [];
  for (const path of await touchedFiles(sandbox, options.signal)) {
    if (options.except?.has(path)) continue;
    if (MIXED.test(path)) {
      if (await restoreSections(sandbox, path, options.signal)) restored.push(path);
    } else if (mustNotChange(path, options)) {
      await restoreFile(sandbox, path, options.signal);
      restored.push(path);
    }
  }
  return restored.sort();
}

function mustNotChange(path: string, { testFiles, runnerFiles }: RestoreOptions): boolean {
  return isProtected(path, testFiles) || TEST_FILE.test(path) || runnerFiles.some((pattern) => pattern.test(path));
}

/** Runners that repositories bring themselves. */
export function ownRunner(repo: string): readonly RegExp[] {
  return OWN_RUNNERS[repo] ?? [];
}

const OWN_RUNNERS: Readonly<Record<string, readonly RegExp[]>> = {
  'django/django': [/^tests\/runtests\.py$/],
  'sympy/sympy': [/^bin\//, /^sympy\/(utilities|testing)\/runtests\.py$/],
};

async function touchedFiles(sandbox: Sandbox, signal: AbortSignal): Promise<string[]> {
  const changed = await git(sandbox, signal, ['diff', 'HEAD', '--name-only', '-z', '--no-renames']);
  const added = await git(sandbox, signal, ['ls-files', '--others', '-z']);
  const paths = `${changed.stdout}\0${added.stdout}`.split('\0').filter((path) => path !== '');
  // What installs leave behind is no test file whatever it is called.
  return [...new Set(paths)].filter(
    (path) => !/(^|\/)(__pycache__|\.eggs|[^/]+\.egg-info|node_modules|build|\.tox)\//.test(path),
  );
}

async function restoreFile(sandbox: Sandbox, path: string, signal: AbortSignal): Promise<void> {
  const known = (await git(sandbox, signal, ['cat-file', '-e', `HEAD:${path}`])).exitCode === 0;
  await exec(sandbox, ['rm', '-rf', '--', path], { cwd: sandbox.spec.workdir, signal });
  if (known) await git(sandbox, signal, ['checkout', '-q', 'HEAD', '--', path]);
}

async function restoreSections(sandbox: Sandbox, path: string, signal: AbortSignal): Promise<boolean> {
  const files = sandboxFiles(sandbox);
  const full = `${sandbox.spec.workdir}/${path}`;
  const before = (await git(sandbox, signal, ['show', `HEAD:${path}`])).stdout;
  const after = (await files.stat(full))?.kind === 'file' ? (await files.read(full)).toString() : '';
  const mended = path.endsWith('.json') ? restoreRunnerKeys(before, after) : mendedSections(before, after, path);
  if (mended === undefined) return false;
  if (mended === '') await restoreFile(sandbox, path, signal);
  else await files.write(full, mended);
  return true;
}

/** Undefined when the runner's sections agree. */
function mendedSections(before: string, after: string, path: string): string | undefined {
  if (path.endsWith('.toml')) return changesRunnerSection(before, after) ? before : undefined;
  return restoreIniSections(before, after);
}

const RUNNER_SECTION = /^(tool:pytest|pytest|tox|testenv.*|coverage.*|flake8)$/;

/** An ini file with its own sections but the runner's as before; undefined when they agree. */
export function restoreIniSections(before: string, after: string): string | undefined {
  const [old, now] = [iniSections(before), iniSections(after)];
  const ofRunner = (sections: readonly IniSection[]) =>
    sections.filter((one) => RUNNER_SECTION.test(one.name)).map((one) => one.text);
  if (ofRunner(old).join('') === ofRunner(now).join('')) return undefined;
  const rest = now.filter((one) => !RUNNER_SECTION.test(one.name)).map((one) => one.text);
  return [...rest, ...ofRunner(old)].map((text) => (text.endsWith('\n') ? text : `${text}\n`)).join('');
}

interface IniSection {
  name: string;
  text: string;
}

function iniSections(text: string): IniSection[] {
  return text
    .split(/^(?=\[)/m)
    .filter((part) => part !== '')
    .map((part) => ({ name: /^\[([^\]]*)\]/.exec(part)?.[1]?.trim() ?? '', text: part }));
}

async function git(sandbox: Sandbox, signal: AbortSignal, args: readonly string[]) {
  const argv = ['git', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', ...args];
  const result = await exec(sandbox, argv, { cwd: sandbox.spec.workdir, timeoutSeconds: 120, signal });
  return { exitCode: result.exitCode, stdout: result.stdout.toString() };
}
