/** Puts back, in a patched work tree, what a patch must not decide about. */
import type { Sandbox, TaskInstance } from '../contracts/index.ts';
import { sandboxFiles } from '../sandbox/files.ts';
import type { RunTool } from './apply-patch.ts';
import { isProtected, mendedRunnerConfig, runnerShadow } from './protected-files.ts';

/** The paths of `touched` that were put back, in order. `run` has git bound to the repository. */
export async function restoreProtected(
  sandbox: Sandbox,
  instance: TaskInstance,
  touched: readonly string[],
  run: RunTool,
  { workdir, baseCommit }: { workdir: string; baseCommit: string },
): Promise<string[]> {
  const files = sandboxFiles(sandbox);
  const hidden = new Set(instance.hiddenFiles.map((file) => file.path));
  const inBase = async (path: string) => (await run(['git', 'cat-file', '-e', `${baseCommit}:${path}`])).exitCode === 0;
  const restored: string[] = [];
  const restore = async (path: string) => {
    restored.push(path);
    await run(['rm', '-rf', '--', path]);
    if (await inBase(path)) await run(['git', 'checkout', '-q', baseCommit, '--', path]);
  };
  for (const path of touched) {
    const shadow = runnerShadow(path);
    if (isProtected(path, hidden) || (shadow !== undefined && !(await inBase(shadow)))) {
      await restore(path);
      continue;
    }
    const place = `${workdir}/${path}`;
    const mended = await mendedRunnerConfig(path, {
      before: async () =>
        (await inBase(path)) ? (await run(['git', 'show', `${baseCommit}:${path}`])).stdout.toString() : '',
      after: async () => ((await files.stat(place))?.kind === 'file' ? (await files.read(place)).toString() : ''),
    });
    if (mended === 'restore') await restore(path);
    else if (mended !== undefined) {
      restored.push(path);
      await files.write(place, mended.text);
    }
  }
  return restored;
}

/** What differs from the base, new files too, ignored or not. Bytes of a name that are no UTF-8 come as U+FFFD. */
export async function touchedPaths(run: RunTool, baseCommit: string): Promise<string[]> {
  await run(['git', 'add', '-A', '-f', '--intent-to-add', '--', '.', ...NOT_FOLLOWED]);
  const { stdout } = await run(['git', 'diff', baseCommit, '--name-only', '-z', '--no-renames', '--no-ext-diff']);
  return stdout
    .toString()
    .split('\0')
    .filter((path) => path !== '');
}

/** A patch that changes these was refused before. */
const NOT_FOLLOWED = ['node_modules', '.venv'].map((name) => `:(exclude,glob)**/${name}/**`);
