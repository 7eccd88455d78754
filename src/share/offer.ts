/** A run as it is offered in a shared store: what all processes that join it agree on. */
import { z } from 'zod';
import { digestOf } from '../base/digest.ts';
import { AssayError, type RunManifest, runManifestSchema, type SharedStore } from '../contracts/index.ts';
import { isRunId } from '../store/run-folder.ts';
import { OFFERS, runKeys } from './account.ts';
import { parseText } from './parse-text.ts';

/** Where the prompt template of a run lies in its folder. */
export const PROMPT_FILE = 'prompt.md';

const offerSchema = z.object({ manifest: runManifestSchema, prompt: z.string().optional() });
export type Offer = z.infer<typeof offerSchema>;

/** What decides the results of a run. Names, times, machines and paths may differ among the processes that join it. */
export function planOf(manifest: RunManifest) {
  const { assayVersion, dataset, agent, model, attempts, limits, sandboxLimits, sandbox, priceTable, fork } = manifest;
  return {
    assayVersion,
    // The instances' digests tell; a set may be named by the path at which it lies.
    dataset: { instances: dataset.instances, split: dataset.table?.split },
    agent: { name: agent.name, digest: agent.digest },
    model,
    attempts,
    limits,
    sandboxLimits,
    sandbox,
    priceTable,
    fork,
    leaseSeconds: manifest.join?.leaseSeconds,
  };
}

export function planDigest(manifest: RunManifest): string {
  return digestOf(planOf(manifest));
}

/**
 * Offers the run, or finds it offered already. Resolves to what is in the store, which is the first one's. Throws `config-invalid` naming the differences when a run of this id with another plan is there,
 * `store-invalid` when what is there is no run.
 */
export async function offerRun(store: SharedStore, mine: Offer): Promise<Offer> {
  const { runId } = mine.manifest;
  await store.put(runKeys(runId).offer, JSON.stringify(mine), null);
  const theirs = await readOffer(store, runId);
  if (theirs === null) throw invalid(store, runId, 'it has vanished');
  const [a, b] = [planOf(mine.manifest), planOf(theirs.manifest)];
  const different = Object.keys(a).filter((part) => digestOf(pick(a, part)) !== digestOf(pick(b, part)));
  if (different.length === 0) return theirs;
  throw new AssayError(
    'config-invalid',
    `Run ${runId} in ${store.name} has another plan: ${different.map((part) => difference(part, pick(a, part), pick(b, part))).join(', ')}.`,
    {
      class: 'input',
      retryable: false,
      hint: 'Join it with the same command and the same version, or begin another one with --run-id.',
      details: Object.fromEntries(different.map((part) => [part, { here: pick(a, part), there: pick(b, part) }])),
    },
  );
}

/** Null when no run of this id is offered. Throws `store-invalid`. */
export async function readOffer(store: SharedStore, runId: string): Promise<Offer | null> {
  const entry = await store.get(runKeys(runId).offer);
  if (entry === null) return null;
  const { data, problem } = parseText(offerSchema, entry.text);
  if (data === undefined) throw invalid(store, runId, problem);
  // It becomes the name of a file that is read.
  const { promptFile = PROMPT_FILE } = data.manifest.agent;
  if (promptFile !== PROMPT_FILE) throw invalid(store, runId, `its prompt lies in ${JSON.stringify(promptFile)}`);
  if (data.manifest.runId !== runId) throw invalid(store, runId, `it says that it is run ${data.manifest.runId}`);
  return data;
}

/** Ids of all runs that are offered, the oldest by name first. */
export async function offeredRuns(store: SharedStore): Promise<string[]> {
  const keys = [...(await store.versions(OFFERS)).keys()];
  return keys
    .map((key) => key.slice(OFFERS.length + 1))
    .filter(isRunId)
    .sort();
}

const SHORT = 80;

/** With both values where they are short; the details hold them in any case. */
function difference(part: string, here: unknown, there: unknown): string {
  const values = `${JSON.stringify(here)} here, ${JSON.stringify(there)} there`;
  return values.length > SHORT ? `${part} differs` : `${part} (${values})`;
}

function pick(plan: ReturnType<typeof planOf>, part: string): unknown {
  return plan[part as keyof typeof plan] ?? null;
}

function invalid(store: SharedStore, runId: string, problem: string): AssayError {
  return new AssayError('store-invalid', `The offer of run ${runId} in ${store.name} cannot be read: ${problem}`, {
    class: 'input',
    retryable: false,
  });
}
