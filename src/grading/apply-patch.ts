/** Applies a patch in a grading sandbox: the strictest way first, the tree cleaned between tries, and what is protected put back. */
import { AssayError, type Sandbox, type TaskInstance } from '../contracts/index.ts';
import { exec } from '../sandbox/exec.ts';
import { sandboxFiles } from '../sandbox/files.ts';
import { changesRunnerSection, isProtected, restoreRunnerKeys } from './protected-files.ts';

const PATCH = '/tmp/assay.patch';
const GIT = ['git', '-c', 'core.autocrlf=false', '-c', 'core.fsmonitor=false', '-c', 'safe.directory=*'];

/** First success wins. `patch` never reverses: an already applied hunk is a failure. */
const WAYS: readonly (readonly string[])[] = [
  [...GIT, 'apply', '--whitespace=nowarn', PATCH],
  [...GIT, 'apply', '--whitespace=nowarn', '--3way', PATCH],
  ['patch', '--batch', '--forward', '--fuzz=3', '--no-backup-if-mismatch', '-p1', '-i', PATCH],
];

export interface Applied {
  applied: boolean;
  /** What the last try printed, when none worked. */
  log: string;
  /** Protected files that the patch touched and that are as in the base again. */
  restoredFiles: string[];
}

export async function applyPatch(
  sandbox: Sandbox,
  instance: TaskInstance,
  patch: string,
  workdir: string,
  signal: AbortSignal,
): Promise<Applied> {
  const files = sandboxFiles(sandbox);
  await files.write(PATCH, patch);
  const run = (argv: readonly string[]) =>
    exec(sandbox, argv, { cwd: workdir, stderr: 'merge', timeoutSeconds: 120, signal, env: { LC_ALL: 'C' } });
  let log = '';
  for (const way of WAYS) {
    const result = await run(way).catch((error: unknown) => {
      if (error instanceof AssayError && error.code === 'sandbox-spawn-failed') return undefined; // no `patch` program here
      throw error;
    });
    if (result === undefined) continue;
    if (result.exitCode === 0)
      return { applied: true, log: '', restoredFiles: await restoreProtected(sandbox, instance, workdir, signal) };
    log = result.stdout.toString().slice(-2_000);
    await run([...GIT, 'reset', '-q', '--hard']);
    await run([...GIT, 'clean', '-fdq']);
  }
  return { applied: false, log, restoredFiles: [] };
}

async function restoreProtected(
  sandbox: Sandbox,
  instance: TaskInstance,
  workdir: string,
  signal: AbortSignal,
): Promise<string[]> {
  const files = sandboxFiles(sandbox);
  const git = async (...args: string[]) =>
    (await exec(sandbox, [...GIT, ...args], { cwd: workdir, timeoutSeconds: 60, signal })).stdout;
  await git('add', '-A', '-f', '--intent-to-add', '--', '.', ':(exclude)node_modules', ':(exclude).venv');
  const touched = (await git('diff', 'HEAD', '--name-only', '-z', '--no-renames'))
    .toString()
    .split('\0')
    .filter((path) => path !== '');
  const hidden = new Set(instance.hiddenFiles.map((file) => file.path));
  const restored: string[] = [];
  const restore = async (path: string) => {
    restored.push(path);
    const inBase =
      (await exec(sandbox, [...GIT, 'cat-file', '-e', `HEAD:${path}`], { cwd: workdir, signal })).exitCode === 0;
    await exec(sandbox, inBase ? [...GIT, 'checkout', '-q', 'HEAD', '--', path] : ['rm', '-rf', '--', path], {
      cwd: workdir,
      signal,
    });
  };
  for (const path of touched) {
    if (isProtected(path, hidden)) await restore(path);
    else if (/(^|\/)(package\.json|pyproject\.toml)$/.test(path)) {
      const [before, after] = [
        (await git('show', `HEAD:${path}`)).toString(),
        (await files.stat(`${workdir}/${path}`))?.kind === 'file'
          ? (await files.read(`${workdir}/${path}`)).toString()
          : '',
      ];
      const mended = path.endsWith('.json') ? restoreRunnerKeys(before, after) : undefined;
      if (mended !== undefined) {
        restored.push(path);
        await files.write(`${workdir}/${path}`, mended);
      } else if (path.endsWith('.toml') && changesRunnerSection(before, after)) await restore(path);
    }
  }
  return restored;
}
