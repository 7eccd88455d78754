/** Predictions in every shape the reference takes: JSON lines, an array, an object whose values count, or the gold patches of the data set itself. */
import { AssayError } from '../../contracts/index.ts';
import type { Prediction, SwebenchInstance } from '../contracts.ts';
import { type Row, readRows } from '../dataset/read-rows.ts';

/** By instance id, in the order of first appearance; of several for one instance the last counts. Throws `config-invalid` or `file-not-found`. */
export async function loadPredictions(
  path: string,
  instances: readonly SwebenchInstance[],
): Promise<Map<string, Prediction>> {
  if (path === 'gold') return goldPredictions(instances);
  if (!/\.jsonl?$/.test(path)) throw invalid(`${path}: predictions must be "gold", a .json or a .jsonl file`);
  const rows = await readRows(path);
  return new Map(rows.map((row, index) => [idOf(row, path, index), toPrediction(row, path, index)]));
}

export function goldPredictions(instances: readonly SwebenchInstance[]): Map<string, Prediction> {
  return new Map(
    instances.map(({ instance_id, patch }) => [
      instance_id,
      { instance_id, model_name_or_path: 'gold', model_patch: patch },
    ]),
  );
}

function toPrediction(row: Row, path: string, index: number): Prediction {
  const { model_patch: patch, model_name_or_path: model } = row;
  const instance_id = idOf(row, path, index);
  if (patch === undefined) throw invalid(`${path}: the prediction for ${instance_id} has no model_patch`);
  if (patch !== null && typeof patch !== 'string')
    throw invalid(`${path}: model_patch of ${instance_id} is neither text nor null`);
  return { instance_id, model_name_or_path: typeof model === 'string' ? model : 'None', model_patch: patch };
}

function idOf(row: Row, path: string, index: number): string {
  const { instance_id: id } = row;
  if (typeof id === 'string') return id;
  const problem =
    id === undefined || id === null
      ? 'has no instance_id'
      : `has ${JSON.stringify(id)} as instance_id, which is no text`;
  throw invalid(`${path}: prediction ${index + 1} ${problem}`);
}

function invalid(message: string): AssayError {
  return new AssayError('config-invalid', message, { class: 'input', retryable: false });
}
