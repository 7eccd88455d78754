/** Applies a model's patch as the reference does: several ways, the first success wins; the rules of the older generations leave out the cleaning in between. */
import { AssayError, type Sandbox } from '../../contracts/index.ts';
import { type ExecResult, exec } from '../../sandbox/exec.ts';
import { sandboxFiles } from '../../sandbox/files.ts';
import type { Compat } from '../contracts.ts';

const PATCH = '/tmp/patch.diff';
const GIT_APPLY = ['git', 'apply', '--verbose'];

const WAYS: Readonly<Record<Compat, readonly (readonly string[])[]>> = {
  4: [
    [...GIT_APPLY, PATCH],
    [...GIT_APPLY, '--reject', PATCH],
    ['patch', '--batch', '--fuzz=5', '-p1', '-i', PATCH],
  ],
  5: [
    [...GIT_APPLY, PATCH],
    [...GIT_APPLY, '--3way', PATCH],
    [...GIT_APPLY, '--reject', PATCH],
    ['patch', '--batch', '--forward', '--fuzz=5', '-p1', '-i', PATCH],
  ],
};

export interface Applying {
  sandbox: Sandbox;
  workdir: string;
  compat: Compat;
  signal: AbortSignal;
  /** One line per thing done. */
  log: (line: string) => void;
}

export interface Applied {
  applied: boolean;
  /** What the decisive command printed. */
  output: string;
}

/** Throws only for infrastructure and `cancelled`. */
export async function applyModelPatch(patch: string, place: Applying): Promise<Applied> {
  await sandboxFiles(place.sandbox).write(PATCH, patch);
  let last = '';
  for (const [index, way] of WAYS[place.compat].entries()) {
    if (index > 0 && place.compat === 5) await cleanTree(place);
    const result = await run(place, way);
    last = result.stdout.toString();
    if (result.exitCode === 0) return { applied: true, output: last };
    place.log(`Failed to apply patch to container: ${way.join(' ')}`);
  }
  if (place.compat === 5 && (await isAppliedAlready(place)))
    return { applied: true, output: 'verified already applied: the patch can be taken back' };
  return { applied: false, output: last };
}

async function cleanTree(place: Applying): Promise<void> {
  await run(place, ['git', 'checkout', '--', '.']);
  await run(place, ['git', 'clean', '-fd']);
}

async function isAppliedAlready(place: Applying): Promise<boolean> {
  await cleanTree(place);
  return (await run(place, ['git', 'apply', '--check', '--reverse', PATCH])).exitCode === 0;
}

async function run(place: Applying, argv: readonly string[]): Promise<ExecResult> {
  const { workdir: cwd, signal } = place;
  const result = await exec(place.sandbox, argv, { cwd, stderr: 'merge', timeoutSeconds: 300, signal });
  if (!result.sandboxDied) return result;
  throw new AssayError('sandbox-died', 'the sandbox ended while the patch was applied', {
    class: 'infra',
    retryable: true,
  });
}
