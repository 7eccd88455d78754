/** What runs have in common that are made from another run: a lock like that one's, and its prompt. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import type { OpenRun, RunManifest, RunRecord } from '../contracts/index.ts';
import { createRun } from '../store/file-run-store.ts';

export const PROMPT_FILE = 'prompt.md';

/** What a derived run says of itself in place of its source. */
export type DerivedFields = Pick<RunManifest, 'runId' | 'assayVersion' | 'priceTable'> & {
  /** Of the model. */
  parameters: Record<string, unknown>;
  model?: string;
  /** The instances that it is about. */
  instanceIds: ReadonlySet<string>;
  attempts: number;
};

export function derivedManifest({ manifest }: Pick<RunRecord, 'manifest'>, fields: DerivedFields): RunManifest {
  const { fork: _, requeue: __, join: ___, ...kept } = manifest;
  const { runId, assayVersion, priceTable, parameters, model, instanceIds, attempts } = fields;
  const instances = manifest.dataset.instances.filter(({ instanceId }) => instanceIds.has(instanceId));
  return {
    ...kept,
    runId,
    assayVersion,
    priceTable,
    createdAt: new Date().toISOString(),
    dataset: { ...manifest.dataset, instances },
    model: { id: model ?? manifest.model.id, parameters },
    attempts,
  };
}

/** The template that the source was made with; undefined for the built-in one. Throws what reading throws. */
export async function promptOf({ dir, manifest }: Pick<RunRecord, 'dir' | 'manifest'>): Promise<string | undefined> {
  const { promptFile } = manifest.agent;
  return promptFile === undefined ? undefined : await readFile(join(dir, promptFile), 'utf8');
}

/** Makes the run, open for writing, with its prompt in it. Throws `store-invalid`, `io`. */
export async function createDerivedRun(
  runsDir: string,
  manifest: RunManifest,
  prompt: string | undefined,
): Promise<OpenRun> {
  const run = await createRun(runsDir, manifest);
  if (prompt !== undefined) await writeFileAtomic(join(run.dir, PROMPT_FILE), prompt);
  return run;
}
