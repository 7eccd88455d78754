/** Which predictions are evaluated: the reference's order of checks, and its words. */
import { AssayError } from '../../contracts/index.ts';
import type { Prediction, SwebenchInstance } from '../contracts.ts';

export interface WorkItem {
  instance: SwebenchInstance;
  prediction: Prediction;
}

export interface SelectedWork {
  work: WorkItem[];
  /** Evaluated before, with the same digest. */
  finished: WorkItem[];
  /** Without an answer: patch empty or null. */
  empty: WorkItem[];
  messages: string[];
}

export interface WorkQuestion {
  /** The split, or at least those of it that are asked for. */
  instances: readonly SwebenchInstance[];
  /** Ids of the whole split. Default: those of `instances`. */
  splitIds?: ReadonlySet<string>;
  predictions: ReadonlyMap<string, Prediction>;
  /** Ids named by the user; none: all that have a prediction. */
  instanceIds: readonly string[];
}

/** `isFinished` tells whether a report of exactly this work exists. Throws `instance-not-found` when predictions name instances that are not in the split. */
export async function selectWork(
  { instances, splitIds, predictions, instanceIds: asked }: WorkQuestion,
  isFinished: (item: WorkItem) => Promise<boolean>,
): Promise<SelectedWork> {
  const selected: SelectedWork = { work: [], finished: [], empty: [], messages: [] };
  const lacking = asked.filter((id) => !predictions.has(id));
  if (lacking.length > 0) selected.messages.push(`Missing predictions for ${lacking.length} instance IDs.`);
  refuseUnknown(splitIds ?? new Set(instances.map((one) => one.instance_id)), predictions);
  const wanted = new Set(asked);
  for (const instance of instances) {
    const prediction = predictions.get(instance.instance_id);
    if (prediction === undefined || (asked.length > 0 && !wanted.has(instance.instance_id))) continue;
    const item = { instance, prediction };
    if (isEmptyPatch(prediction)) selected.empty.push(item);
    else if (await isFinished(item)) selected.finished.push(item);
    else selected.work.push(item);
  }
  if (selected.finished.length > 0)
    selected.messages.push(`${selected.finished.length} instances already run, skipping...`);
  selected.messages.push(
    selected.work.length > 0 ? `Running ${selected.work.length} instances...` : 'No instances to run.',
  );
  return selected;
}

/** White space is a patch like any other, one that does not apply. */
export function isEmptyPatch(prediction: Prediction): boolean {
  return prediction.model_patch === null || prediction.model_patch === '';
}

function refuseUnknown(known: ReadonlySet<string>, predictions: ReadonlyMap<string, Prediction>): void {
  const unknown = [...predictions.keys()].filter((id) => !known.has(id));
  if (unknown.length === 0) return;
  const message = `Some prediction IDs not found in dataset!\nMissing IDs:\n${unknown.join(' ')}`;
  throw new AssayError('instance-not-found', message, { class: 'input', retryable: false });
}
