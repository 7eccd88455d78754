/** Applies a patch in a grading sandbox: the strictest way first, the tree cleaned between tries, and what is protected put back. */
import { AssayError, type Sandbox, type TaskInstance } from '../contracts/index.ts';
import { type ExecResult, exec } from '../sandbox/exec.ts';
import { sandboxFiles } from '../sandbox/files.ts';
import { restoreProtected, touchedPaths } from './restore-protected.ts';

const PATCH = '/tmp/assay.patch';
const STAMP = '/tmp/assay.stamp';

/** First success wins. `patch` never reverses: an already applied hunk is a failure. */
const WAYS: readonly { argv: readonly string[]; writesRepository: boolean }[] = [
  { argv: ['git', 'apply', '--whitespace=nowarn', PATCH], writesRepository: true },
  { argv: ['git', 'apply', '--whitespace=nowarn', '--3way', PATCH], writesRepository: true },
  // The one that would write into .git, too, when a patch asks for it.
  {
    argv: ['patch', '--batch', '--forward', '--fuzz=3', '--no-backup-if-mismatch', '-p1', '-i', PATCH],
    writesRepository: false,
  },
];

export interface Applied {
  applied: boolean;
  /** What the last try printed, when none worked; or why the patch is refused. */
  log: string;
  /** Protected files that the patch touched and that are as in the base again. */
  restoredFiles: string[];
}

export async function applyPatch(
  sandbox: Sandbox,
  instance: TaskInstance,
  patch: string,
  options: { workdir: string; baseCommit: string; signal: AbortSignal },
): Promise<Applied> {
  await sandboxFiles(sandbox).write(PATCH, patch);
  const run = patchTools(sandbox, options);
  let log = '';
  for (const { argv, writesRepository } of WAYS) {
    // File systems tell times in steps of some milliseconds: what comes after the stamp must be newer.
    await run(['sh', '-c', `: > ${STAMP}; sleep 0.05`]);
    const result = await run(argv).catch((error: unknown) => {
      if (error instanceof AssayError && error.code === 'sandbox-spawn-failed') return undefined; // no `patch` program here
      throw error;
    });
    if (result === undefined) continue;
    if (result.exitCode === 0) {
      const foreign = await changedEnvironment(run, !writesRepository);
      if (foreign.length > 0) return { applied: false, log: refusal(foreign), restoredFiles: [] };
      const touched = await touchedPaths(run, options.baseCommit);
      const nameless = touched.filter((path) => path.includes('\uFFFD')); // could not be put back by name
      if (nameless.length > 0) return { applied: false, log: refusal(nameless), restoredFiles: [] };
      return {
        applied: true,
        log: '',
        restoredFiles: await restoreProtected(sandbox, instance, touched, run, options),
      };
    }
    log = words(result);
    await run(['git', 'reset', '-q', '--hard']);
    await run(['git', 'clean', '-fdq']);
  }
  return { applied: false, log, restoredFiles: [] };
}

/** Runs a program in the work tree, with git bound to its repository, whatever a patch writes into configuration. */
export type RunTool = (argv: readonly string[]) => Promise<ExecResult>;

const GIT_SETTINGS = [
  ['core.autocrlf', 'false'],
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['safe.directory', '*'],
];

function patchTools(sandbox: Sandbox, { workdir, signal }: { workdir: string; signal: AbortSignal }): RunTool {
  const settings = GIT_SETTINGS.flatMap(([key, value], i) => [
    [`GIT_CONFIG_KEY_${i}`, key],
    [`GIT_CONFIG_VALUE_${i}`, value],
  ]);
  const env = {
    LC_ALL: 'C',
    GIT_DIR: `${workdir}/.git`,
    GIT_WORK_TREE: workdir,
    GIT_CONFIG_COUNT: String(GIT_SETTINGS.length),
    ...(Object.fromEntries(settings) as Record<string, string>),
  };
  return (argv) => exec(sandbox, argv, { cwd: workdir, timeoutSeconds: 120, signal, env });
}

/** Installed packages: git does not follow them, so what a patch does to them could not be put back. */
const INSTALLED = ['node_modules', '.venv', 'site-packages', '.git'];

/** What changed since the stamp in folders that belong to the environment, by the file system's word, not the patch's. */
async function changedEnvironment(run: RunTool, withRepository: boolean): Promise<string[]> {
  const folders = withRepository ? INSTALLED : INSTALLED.filter((name) => name !== '.git');
  const inside = folders.flatMap((name, i) => [
    ...(i === 0 ? [] : ['-o']),
    '-name',
    name,
    '-o',
    '-path',
    `*/${name}/*`,
  ]);
  const skipRepository = withRepository ? [] : ['-path', './.git', '-prune', '-o'];
  const result = await run(['find', '.', ...skipRepository, '(', ...inside, ')', '-cnewer', STAMP, '-print0']);
  if (result.exitCode === 0)
    return result.stdout
      .toString()
      .split('\0')
      .filter((path) => path !== '');
  throw new AssayError('sandbox-file', `the patched tree cannot be looked through: ${words(result)}`, {
    class: 'infra',
    retryable: true,
  });
}

function words({ stdout, stderr }: ExecResult): string {
  return `${stdout}${stderr}`.slice(-2_000);
}

function refusal(paths: readonly string[]): string {
  const shown = paths.slice(0, 5).map((path) => JSON.stringify(path.replace(/^\.\//, '')));
  return `The patch changes what belongs to the environment, or has names that are no UTF-8: ${shown.join(', ')}${paths.length > 5 ? ', ...' : ''}\n`;
}
