/** Gold patches: text beside the task, or derived once as the difference between two published versions, in a sandbox of its own, kept where no sandbox can see it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { digestOf } from '../base/digest.ts';
import { AssayError, type SandboxBackend, type SandboxLimits, type TaskInstance } from '../contracts/index.ts';
import { matchesGlob } from '../dataset/glob.ts';
import { patchPaths } from '../dataset/patch-paths.ts';
import { goldChoicePatch } from '../payout/manager/choice-patch.ts';
import type { ArchiveStore } from './archive-store.ts';
import { sandboxEnv } from './build-env.ts';
import type { EnvironmentBase } from './environment-base.ts';
import type { EnvironmentLayout } from './environment-layout.ts';
import { DIFF_ARCHIVES } from './git-scripts.ts';
import { runScript } from './run-script.ts';
import { packageContent, tarOf } from './source-content.ts';

export interface GoldOptions {
  backend: SandboxBackend;
  layout: EnvironmentLayout;
  archives: ArchiveStore;
  limits: SandboxLimits;
  /** Where differences are taken. */
  on: EnvironmentBase;
}

/** The patch as text. Throws `gold-derivation-failed`, `file-not-found`, and what downloads and sandboxes throw. */
export async function goldPatch(instance: TaskInstance, options: GoldOptions, signal: AbortSignal): Promise<string> {
  const choice = goldChoicePatch(instance);
  if (choice !== undefined) return choice;
  const { gold, source } = instance.task;
  if ('patch' in gold) {
    const bytes = await readFile(join(instance.dir, gold.patch)).catch((cause) => {
      const message = `${instance.instanceId}: ${gold.patch} cannot be read: ${cause.message}`;
      throw new AssayError('file-not-found', message, { class: 'input', retryable: false, cause });
    });
    return exactText(bytes, instance);
  }
  if (!('npm' in source || 'pypi' in source)) {
    throw failed(instance, 'the source is not a package');
  }
  const [from, to] = await Promise.all([options.archives.get(source, signal), options.archives.get(gold, signal)]);
  const key = digestOf({ version: 1, from: from.sha256, to: to.sha256, include: gold.include, script: DIFF_ARCHIVES });
  const kept = await readFile(options.layout.gold(key)).catch(() => null);
  if (kept !== null) return exactText(kept, instance);
  const format = (content: ReturnType<typeof packageContent>) => (content.kind === 'archive' ? content.format : 'tar');
  const args = [format(packageContent(source, from)), format(packageContent(gold, to))];
  const input = await tarOf([
    { path: 'old', mode: 0o644, content: from.data },
    { path: 'new', mode: 0o644, content: to.data },
  ]);
  const difference = await diffArchives(instance, { args, input }, options, signal);
  const patch = exactText(Buffer.from(selectFiles(difference.toString('latin1'), gold.include), 'latin1'), instance);
  if (patch === '') throw failed(instance, `no file that matches ${gold.include.join(', ')} differs`);
  await writeFileAtomic(options.layout.gold(key), patch, 0o600);
  return patch;
}

async function diffArchives(
  instance: TaskInstance,
  script: { args: string[]; input: Buffer },
  options: GoldOptions,
  signal: AbortSignal,
): Promise<Buffer> {
  const sandbox = await options.backend.create(
    {
      base: options.on.base,
      layers: [],
      limits: options.limits,
      network: 'none',
      env: sandboxEnv(options.on),
      workdir: '/work',
      labels: { purpose: 'gold', instance: instance.instanceId },
    },
    signal,
  );
  try {
    return await runScript(sandbox, DIFF_ARCHIVES, { workdir: '/work', ...script, signal });
  } catch (error) {
    if (!(error instanceof AssayError) || error.code !== 'environment-build-failed') throw error;
    throw failed(instance, error.message, error);
  } finally {
    await sandbox.destroy();
  }
}

/** The parts of a git patch whose paths match. Works on bytes held as latin1 text: a line is never cut. */
function selectFiles(patch: string, include: readonly string[]): string {
  return patch
    .split(/^(?=diff --git )/m)
    .filter((part) =>
      patchPaths(Buffer.from(part, 'latin1').toString()).some((path) =>
        include.some((glob) => matchesGlob(glob, path)),
      ),
    )
    .join('');
}

function exactText(bytes: Buffer, instance: TaskInstance): string {
  const text = bytes.toString();
  if (Buffer.from(text).equals(bytes)) return text;
  throw failed(instance, 'it changes text that is not UTF-8');
}

function failed(instance: TaskInstance, why: string, cause?: unknown): AssayError {
  return new AssayError('gold-derivation-failed', `${instance.instanceId}: the gold patch cannot be derived: ${why}`, {
    class: 'task',
    retryable: false,
    hint: 'Look at `gold` in task.yaml: the version and the include patterns.',
    ...(cause === undefined ? {} : { cause }),
  });
}
