/** Goes on with a run from what stands in its folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenRun } from '../contracts/index.ts';
import type { RunControl } from '../run/run-control.ts';
import type { ShareOptions } from '../run/shared-work.ts';
import { openSharedStore } from '../share/open-shared-store.ts';
import { openRun } from '../store/file-run-store.ts';
import { readManifest } from '../store/load-run-record.ts';
import { openEngine } from './compose.ts';
import { withInterrupt } from './interrupt.ts';
import { shareOptions } from './join-run.ts';
import { settingsOf } from './model-settings.ts';
import { reopenTaskSet } from './open-task-set.ts';
import type { Progress } from './progress.ts';
import { DEFAULT_JOBS } from './run-flags.ts';
import { type RunOutcome, workOnRun } from './work-on-run.ts';

export interface ContinueOptions {
  jobs?: number | undefined;
  tier?: string | undefined;
  /** Replaces the budget. */
  budgetUsd?: number | undefined;
  /** Stops it; absent: the signals of this process. */
  control?: RunControl;
}

/** Goes on with a run; what it needs stands in its lock. In a shared run what has failed is first opened to all again. */
export async function continueRun(dir: string, options: ContinueOptions, progress: Progress): Promise<RunOutcome> {
  const { join: shared } = await readManifest(dir);
  if (shared === undefined) return await continueHere(dir, options, progress);
  const store = await openSharedStore(shared.store);
  try {
    const how = { gather: true, retryFailed: true };
    return await continueHere(dir, options, progress, (run) => shareOptions(run, store, how));
  } finally {
    await store.close();
  }
}

/** `shareOf`: of a run that is shared. */
export async function continueHere(
  dir: string,
  options: ContinueOptions,
  progress: Progress,
  shareOf?: (run: OpenRun) => Promise<ShareOptions>,
): Promise<RunOutcome> {
  const { sandbox = { backend: 'native' } } = await readManifest(dir);
  const engine = await openEngine({ sandbox: sandbox.backend, tier: options.tier });
  try {
    const run = await openRun(dir);
    const { manifest } = run;
    const tasks = await withInterrupt((signal) => reopenTaskSet(manifest, signal));
    const settings = {
      ...settingsOf(manifest),
      ...(options.budgetUsd === undefined ? {} : { budgetUsd: options.budgetUsd }),
    };
    const prompt =
      manifest.agent.promptFile === undefined
        ? undefined
        : await readFile(join(dir, manifest.agent.promptFile), 'utf8');
    const jobs = options.jobs ?? manifest.jobs ?? DEFAULT_JOBS;
    const share = await shareOf?.(run);
    const { control } = options;
    return await workOnRun({ run, engine, tasks, settings, prompt, jobs, share, control }, progress);
  } finally {
    await engine.close();
  }
}
