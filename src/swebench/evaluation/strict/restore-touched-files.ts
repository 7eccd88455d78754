/** Puts back what a patch must not decide about: tests, and what configures or is the test runner. */
import { randomBytes } from 'node:crypto';
import type { Sandbox } from '../../../contracts/index.ts';
import { changesRunnerSection, isProtected, restoreRunnerKeys } from '../../../grading/protected-files.ts';
import { exec } from '../../../sandbox/exec.ts';
import { sandboxFiles } from '../../../sandbox/files.ts';
import { ownGit } from './own-git.ts';

export interface RestoreOptions {
  /** The commit the patch is made against: HEAD is where an installation may have moved it. */
  base: string;
  /** Files of the test patch. */
  testFiles: ReadonlySet<string>;
  /** Where the repository's own runner lies, as the published commands start it. */
  runnerFiles: readonly RegExp[];
  /** Python finds modules in the folder it is started in first: none of these may be new there. */
  modules?: ReadonlySet<string>;
  /** Files that git does not know and that were there before the patch. */
  existing?: ReadonlySet<string>;
  /** Left as they are, e.g. test files once the test patch is in place. */
  except?: ReadonlySet<string>;
  /** Installations leave files in folders of their own; what a patch puts there counts like any other file. */
  skipGenerated: boolean;
  signal: AbortSignal;
}

/** Files below folders of tests, and named like tests. */
const TEST_FILE =
  /(^|\/)(tests?|testing|__tests__|spec)\/(.*\/)?[^/]+$|(^|\/)test_[^/]+\.py$|_test\.(py|go|rb)$|\.(test|spec)\.[cm]?[jt]sx?$/;

/** Runner sections of files that configure more than tests. */
const MIXED = /(^|\/)(setup\.cfg|tox\.ini|pyproject\.toml|package\.json)$/;

/** Compares the work tree with the base and restores in it; returns the paths, sorted. */
export async function restoreTouchedFiles(sandbox: Sandbox, options: RestoreOptions): Promise<string[]> {
  const tree = await openWorkTree(sandbox, options);
  const restored: string[] = [];
  for (const path of await tree.touched()) {
    if (options.except?.has(path) || (options.skipGenerated && GENERATED.test(path))) continue;
    if (MIXED.test(path)) {
      if (await restoreSections(sandbox, tree, path)) restored.push(path);
    } else if (mustNotChange(path, options) || (await shadowsModule(path, tree, options.modules))) {
      await tree.restore(path);
      restored.push(path);
    }
  }
  return restored.sort();
}

/** Files that git does not know and that were there before the patch: what building the environment left. */
export async function untrackedFiles(sandbox: Sandbox, base: string, signal: AbortSignal): Promise<string[]> {
  return (await openWorkTree(sandbox, { base, signal })).untracked();
}

/** Does the path belong to tests or to their runner? */
export function mustNotChange(
  path: string,
  { testFiles, runnerFiles }: Pick<RestoreOptions, 'testFiles' | 'runnerFiles'>,
): boolean {
  return isProtected(path, testFiles) || TEST_FILE.test(path) || runnerFiles.some((pattern) => pattern.test(path));
}

async function shadowsModule(path: string, tree: WorkTree, modules: ReadonlySet<string> = new Set()): Promise<boolean> {
  const [first = '', rest] = path.split('/', 2);
  if (rest === undefined && !/\.(py|pyc|so)$/.test(first)) return false;
  if (!modules.has(first.replace(/\.(py|pyc|.*so)$/, ''))) return false;
  return !(await tree.has(first));
}

/** Runners that repositories bring themselves. */
export function ownRunner(repo: string): readonly RegExp[] {
  return OWN_RUNNERS[repo] ?? [];
}

const OWN_RUNNERS: Readonly<Record<string, readonly RegExp[]>> = {
  'django/django': [/^tests\/runtests\.py$/],
  'sympy/sympy': [/^bin\//, /^sympy\/(utilities|testing)\/runtests\.py$/],
};

const GENERATED = /(^|\/)(__pycache__|\.eggs|[^/]+\.egg-info|node_modules|build|\.tox)\//;

interface WorkTree {
  /** Paths that differ from the base, and those it does not know. */
  touched(): Promise<string[]>;
  untracked(): Promise<string[]>;
  /** Is there such a file or folder in the base? */
  has(path: string): Promise<boolean>;
  /** Text as of the base; empty when it has no such file. */
  before(path: string): Promise<string>;
  /** As the base has it, which may be not at all. */
  restore(path: string): Promise<void>;
}

/** Looks with an index and settings of its own: those of the repository are within reach of an installation. */
async function openWorkTree(
  sandbox: Sandbox,
  { base, existing, signal }: Pick<RestoreOptions, 'base' | 'existing' | 'signal'>,
): Promise<WorkTree> {
  const git = ownGit(sandbox, signal, `/tmp/.${randomBytes(8).toString('hex')}`);
  const paths = (text: string) => text.split('\0').filter((path) => path !== '');
  await git(['read-tree', base]);
  const has = async (path: string) => (await git(['cat-file', '-e', `${base}:${path}`])).exitCode === 0;
  const untracked = async () => paths((await git(['ls-files', '--others', '-z'])).stdout);
  return {
    untracked,
    async touched() {
      const changed = paths((await git(['diff', base, '--name-only', '-z', '--no-renames'])).stdout);
      const added = (await untracked()).filter((path) => existing?.has(path) !== true);
      return [...new Set([...changed, ...added])];
    },
    before: async (path) => (await git(['show', `${base}:${path}`])).stdout,
    has,
    async restore(path) {
      const known = await has(path);
      await exec(sandbox, ['rm', '-rf', '--', path], { cwd: sandbox.spec.workdir, signal });
      if (known) await git(['checkout', '-q', base, '--', path]);
    },
  };
}

async function restoreSections(sandbox: Sandbox, tree: WorkTree, path: string): Promise<boolean> {
  const files = sandboxFiles(sandbox);
  const full = `${sandbox.spec.workdir}/${path}`;
  const before = await tree.before(path);
  const after = (await files.stat(full))?.kind === 'file' ? (await files.read(full)).toString() : '';
  const mended = path.endsWith('.json') ? restoreRunnerKeys(before, after) : mendedSections(before, after, path);
  if (mended === undefined) return false;
  if (mended === '') await tree.restore(path);
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

/** Readers in Python begin a line after more signs than a line feed. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those signs themselves
const LINE_WITH_SECTION = /(?<=^|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])(?=\[)/;

function iniSections(text: string): IniSection[] {
  return text
    .split(LINE_WITH_SECTION)
    .filter((part) => part !== '')
    .map((part) => ({ name: /^\[([^\]]*)\]/.exec(part)?.[1]?.trim() ?? '', text: part }));
}
