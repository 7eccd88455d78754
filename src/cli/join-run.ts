/** A run that several processes share: where it is offered, its folder here, and this process's name in the store. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { readRecord } from '../base/read-record.ts';
import { AssayError, type OpenRun, type RunManifest, type SharedStore } from '../contracts/index.ts';
import { packageRoot } from '../dataset/package-root.ts';
import type { RunControl } from '../run/run-control.ts';
import type { ShareOptions } from '../run/shared-work.ts';
import { type Offer, PROMPT_FILE, planDigest } from '../share/offer.ts';
import { patientStore } from '../share/patient-store.ts';
import { SharedBudget } from '../share/shared-budget.ts';
import { createRun, openRun } from '../store/file-run-store.ts';
import { readManifest } from '../store/load-run-record.ts';
import { runPaths } from '../store/run-folder.ts';

/** Id of a run that was given none: the same command on another host comes to the same. */
export function joinedRunId(manifest: RunManifest): string {
  return `join-${planDigest(manifest).slice('sha256:'.length, 'sha256:'.length + 12)}`;
}

/** As processes in other folders find the tasks: a path from the root, but for the sets that come with Assay. */
export function offeredReference(reference: string): string {
  const here = resolve(reference);
  return existsSync(here) && here !== join(packageRoot(), reference) ? here : reference;
}

/** The folder of the run here, open: made from the offer, or as an earlier process left it. `own`: where this host has the tasks and the store. Throws `run-locked`, and `store-invalid` when the folder belongs to another run. */
export async function openJoinedRun(
  runsDir: string,
  { manifest, prompt }: Offer,
  own: Pick<RunManifest, 'join'> & { dataset: Pick<RunManifest['dataset'], 'reference' | 'table'> },
): Promise<OpenRun> {
  const dir = join(runsDir, manifest.runId);
  const { reference, table } = own.dataset;
  const mine: RunManifest = {
    ...manifest,
    dataset: { ...manifest.dataset, reference, ...(table === undefined ? {} : { table }) },
    ...(own.join === undefined ? {} : { join: own.join }),
  };
  if ((await stat(runPaths(dir).manifest).catch(() => null)) === null) {
    const run = await createRun(runsDir, mine);
    if (prompt !== undefined) await writeFileAtomic(join(dir, PROMPT_FILE), prompt);
    return run;
  }
  const before = await readManifest(dir);
  if (before.join !== undefined && planDigest(before) === planDigest(mine)) return await openRun(dir);
  throw new AssayError('store-invalid', `${dir} holds another run of this name.`, {
    class: 'input',
    retryable: false,
    hint: 'Give another --runs-dir or --run-id.',
  });
}

/** Everything that a run in an open folder needs to be shared. */
export async function shareOptions(
  run: OpenRun,
  store: SharedStore,
  how: Pick<ShareOptions, 'gather' | 'retryFailed'>,
): Promise<ShareOptions> {
  const { manifest, dir } = run;
  const { leaseSeconds = 0 } = manifest.join ?? {};
  return { store, planDigest: planDigest(manifest), owner: await ownerOf(dir), leaseMs: leaseSeconds * 1000, ...how };
}

/** The run's dollars, where it has a limit of them. */
export function sharedBudget(
  run: OpenRun,
  { store, owner, leaseMs }: ShareOptions,
  limitUsd: number | undefined,
  signal: AbortSignal,
): SharedBudget | undefined {
  if (limitUsd === undefined) return undefined;
  // The run itself tells about a store that gives no answer.
  const silent = { onTrouble: () => {}, onAnswer: () => {} };
  const patient = patientStore(store, { ...silent, signal, pauseMs: leaseMs / 12 });
  return new SharedBudget({ store: patient, runId: run.manifest.runId, owner, limitUsd, leaseMs });
}

/** So long a process that was told to end waits for the store to hear what it has spent. */
const LAST_WORD_MS = 5_000;

/** Writes what was spent, at the end of the work. A store that gives no answer to a process that is to end hears of it when the run is resumed. */
export async function publishSpending(budget: SharedBudget, control: RunControl): Promise<void> {
  const published = budget.publish();
  if (!control.pausing) return await published;
  published.catch(() => {}); // the ledger then has the worst case
  await Promise.race([published, sleep(LAST_WORD_MS, undefined, { ref: false })]);
}

const ownerSchema = z.object({ host: z.string(), owner: z.string() });

/** Kept in the folder, which is locked by one process at a time: what a killed one held is its successor's at once. A copy of the folder on another host gets a name of its own. */
async function ownerOf(dir: string): Promise<string> {
  const path = join(dir, 'owner.json');
  const host = hostname();
  const before = await readRecord(path, ownerSchema);
  if (before?.host === host) return before.owner;
  const owner = `${host.replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, 60)}-${randomBytes(6).toString('hex')}`;
  await writeFileAtomic(path, JSON.stringify({ host, owner }));
  return owner;
}
