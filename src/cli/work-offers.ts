/** What `assay worker` does with the runs that are offered in a shared store. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AssayError,
  type AttemptRecord,
  type Failure,
  type RunManifest,
  type RunRecord,
  type SharedStore,
} from '../contracts/index.ts';
import type { RunControl } from '../run/run-control.ts';
import { handedIn } from '../share/handed-in.ts';
import { LeaseBook } from '../share/lease-book.ts';
import { type Offer, readOffer } from '../share/offer.ts';
import { plannedAttempts } from '../store/load-run-record.ts';
import { runPaths } from '../store/run-folder.ts';
import { priceVersion } from './compose.ts';
import { continueHere } from './continue-run.ts';
import { openJoinedRun, shareOptions } from './join-run.ts';
import { type ModelSettings, settingsOf } from './model-settings.ts';
import { criticAddress } from './open-critic.ts';
import type { Progress } from './progress.ts';
import { assayVersion } from './version.ts';

export interface OfferWork {
  /** For looking what is offered: waits for the store to answer. */
  store: SharedStore;
  /** The same without waiting: a run waits for it in its own way. */
  direct: SharedStore;
  /** As the user named the store. */
  reference: string;
  /** Folder of the run folders here, which are removed when all in them is handed in. */
  folder: string;
  jobs: number | undefined;
  tier: string | undefined;
  /** Where the tasks are here, and the repositories of SWE-bench sets; no reference: where the offer says. */
  tasks: { reference?: string; repos: string[] };
  /** Addresses that an offer may send model calls, transcripts and keys to. */
  urls: readonly string[];
  control: RunControl;
  progress: Progress;
}

export interface OfferResult {
  runId: string;
  status: RunRecord['status'];
  /** Attempts that this process brought to their end. */
  attempts: number;
  /** Why it stopped, when it did. */
  failure?: Failure;
  /** Folder with work that could not be handed in. */
  kept?: string;
}

/** Works on a run until nothing is left of it; null when nothing was left. Throws when this machine cannot work on it, or must not. */
export async function workOnOffer(runId: string, work: OfferWork): Promise<OfferResult | null> {
  const { store, direct, folder, jobs, tier, progress, control } = work;
  const offer = await readOffer(store, runId);
  if (offer === null || !(await isOpen(store, offer.manifest))) return null;
  await checkOffer(offer, work);
  const { join: shared, dataset } = offer.manifest;
  const { reference = dataset.reference, repos } = work.tasks;
  const own = {
    dataset: { reference, ...(dataset.table === undefined ? {} : { table: { ...dataset.table, repos } }) },
    join: { store: work.reference, leaseSeconds: shared?.leaseSeconds ?? 0 },
  };
  const opened = await openJoinedRun(folder, offer, own);
  await opened.close();
  const how = { gather: false, retryFailed: false };
  const { record } = await continueHere(opened.dir, { jobs, tier, control }, progress, (run) =>
    shareOptions(run, direct, how),
  );
  const begun = record.attempts.filter(({ state }) => state !== 'pending');
  const attempts = begun.filter(({ state }) => state === 'finished' || state === 'failed').length;
  const { status, failure } = record;
  const result = { runId, status, attempts, ...(failure === undefined ? {} : { failure }) };
  if (!(await allHandedIn(record.dir, begun))) return { ...result, kept: record.dir };
  // A courier of the run may still write there for a moment.
  await rm(record.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 1_000 });
  return result;
}

async function isOpen(store: SharedStore, manifest: RunManifest): Promise<boolean> {
  const book = new LeaseBook({ store, runId: manifest.runId, owner: 'nobody', leaseMs: 1_000 });
  await book.survey();
  return plannedAttempts(manifest).some((ref) => book.sight(ref).entry?.state !== 'done');
}

/** An offer is written by whoever reaches the store: it must not lead this machine's keys elsewhere, nor be one that this version would do otherwise. */
async function checkOffer({ manifest }: Offer, { urls, tasks }: OfferWork): Promise<void> {
  const settings = await offeredSettings(manifest);
  const { baseUrl, critic } = settings;
  const asked = critic === undefined ? undefined : await criticAddress(critic);
  const source = tasks.reference ?? manifest.dataset.reference;
  const addresses = [baseUrl, asked, source.includes('://') ? source : undefined];
  const strangers = addresses.filter((address) => address !== undefined && !urls.includes(address));
  const problem =
    manifest.assayVersion !== assayVersion()
      ? `it was offered by Assay ${manifest.assayVersion}, this is ${assayVersion()}`
      : settings.record !== undefined
        ? 'it would record into a file'
        : (manifest.dataset.table?.repos.length ?? 0) > 0 && tasks.repos.length === 0
          ? 'it builds on repositories, and --repos names none of this host'
          : strangers.length > 0
            ? `it names ${strangers.join(', ')}, which --allow-url does not`
            : undefined;
  if (problem === undefined) return;
  throw new AssayError('config-invalid', `Run ${manifest.runId} is not worked on: ${problem}.`, {
    class: 'input',
    retryable: false,
  });
}

async function allHandedIn(dir: string, begun: readonly AttemptRecord[]): Promise<boolean> {
  const marks = await Promise.all(begun.map((one) => handedIn(runPaths(dir).attempt(one))));
  return marks.every((mark) => mark !== null);
}

/** Name of a folder for this process. */
export function workerFolder(home: string, host: string, now: Date = new Date()): string {
  return join(
    home,
    'workers',
    `${host.replaceAll(/[^A-Za-z0-9-]/g, '-')}-${process.pid}-${now.getTime().toString(36)}`,
  );
}

/** Of a run that another process offers. Throws `config-invalid` when this machine has other prices than it. */
async function offeredSettings(manifest: RunManifest): Promise<ModelSettings> {
  const settings = settingsOf(manifest);
  const prices = await priceVersion(settings);
  if (prices === manifest.priceTable) return settings;
  const message = `Run ${manifest.runId} has prices ${manifest.priceTable}, this machine has ${prices}.`;
  throw new AssayError('config-invalid', message, { class: 'input', retryable: false });
}
