/**
 * A folder of trajectories with its labels in `index.jsonl`: one row per attempt with `file` (relative to the folder), `instance_id`, `run`, `model` and `resolved`. Rows with a file in
 * no known format, or a damaged one, are passed over and counted with the reason.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { AssayError } from '../contracts/index.ts';
import type { ForeignTrajectory } from './foreign-trajectory.ts';
import { TRAJECTORY_FORMATS } from './formats/index.ts';
import { isNestedDeeper } from './nesting-depth.ts';
import { readFileWithin } from './read-file-within.ts';

const labelSchema = z.object({
  file: z.string(),
  instance_id: z.string(),
  run: z.union([z.string(), z.number()]).transform(String).default('1'),
  model: z.string().default('unknown'),
  resolved: z.boolean().nullish(),
});
/** A row of the index. */
export type Label = z.infer<typeof labelSchema>;

export interface LabelledAttempt {
  instanceId: string;
  /** Name of the run of the other tool. */
  run: string;
  model: string;
  /** Null when nobody graded it. */
  resolved: boolean | null;
  file: string;
  format: string;
  /** The file as it was read. */
  raw: string;
  trajectory: ForeignTrajectory;
}

export interface SkippedFile {
  file: string;
  reason: string;
}

const INDEX = 'index.jsonl';
/** Of the index: a row has about 200. */
const MAX_INDEX_BYTES = 256 * 1024 ** 2;
/** No tool nests what it says as deeply as this, and what is much deeper cannot be written again. */
const MAX_DEPTH = 200;

/** Throws `file-not-found` when there is no `index.jsonl`, `config-invalid` when it is none. */
export async function readLabels(folder: string): Promise<Label[]> {
  const path = join(folder, INDEX);
  const read = await readFileWithin(folder, INDEX, MAX_INDEX_BYTES);
  if ('reason' in read)
    throw new AssayError('file-not-found', `${path} ${read.reason}`, {
      class: 'input',
      retryable: false,
      hint: 'A folder of trajectories needs an index.jsonl with file, instance_id, run, model and resolved per row.',
    });
  const labels = read.text
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [labelOf(path, line, index)]));
  if (labels.length === 0) throw invalidIndex(`${path} has no rows`);
  return labels;
}

function labelOf(path: string, line: string, index: number): Label {
  const parsed = labelSchema.safeParse(parseJson(line));
  if (parsed.success) return parsed.data;
  const problem = parsed.error.issues[0];
  throw invalidIndex(`${path}, line ${index + 1}: ${problem?.path.join('.')}: ${problem?.message}`);
}

function invalidIndex(message: string): AssayError {
  return new AssayError('config-invalid', message, { class: 'input', retryable: false });
}

/** One attempt, or why it cannot be had. */
export async function readLabelled(folder: string, label: Label): Promise<LabelledAttempt | SkippedFile> {
  const { file } = label;
  const read = await readFileWithin(folder, file);
  if ('reason' in read) return { file, reason: read.reason };
  const raw = read.text;
  const document = parseJson(raw);
  const format = TRAJECTORY_FORMATS.find((one) => one.matches(document));
  if (format === undefined) return { file, reason: 'is in no known format' };
  try {
    if (isNestedDeeper(document, MAX_DEPTH)) return { file, reason: 'is nested too deeply' };
    const trajectory = format.read(document);
    // Arguments of calls may be JSON in a string.
    if (isNestedDeeper(trajectory, MAX_DEPTH)) return { file, reason: 'is nested too deeply' };
    const { instance_id: instanceId, run, model, resolved } = label;
    return { instanceId, run, model, resolved: resolved ?? null, file, format: format.name, raw, trajectory };
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const issue = error.issues[0];
    return { file, reason: `is damaged (${format.name}: ${issue?.path.join('.')}: ${issue?.message})` };
  }
}

/** Undefined for text that is no JSON: no format and no label matches it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
