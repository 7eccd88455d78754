/**
 * A folder of trajectories with its labels in `index.jsonl`: one row per attempt with `file` (relative to the folder), `instance_id`, `run`, `model` and `resolved`. Rows with a file in
 * no known format, or a damaged one, are passed over and counted with the reason.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { z } from 'zod';
import { AssayError } from '../contracts/index.ts';
import type { ForeignTrajectory } from './foreign-trajectory.ts';
import { TRAJECTORY_FORMATS } from './formats/index.ts';

const labelSchema = z.object({
  file: z.string(),
  instance_id: z.string(),
  run: z.union([z.string(), z.number()]).transform(String).default('1'),
  model: z.string().default('unknown'),
  resolved: z.boolean().nullish(),
});
type Label = z.infer<typeof labelSchema>;

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

/** Throws `file-not-found` when there is no `index.jsonl`, `config-invalid` when it is none. */
export async function readLabels(folder: string): Promise<Label[]> {
  const path = join(folder, 'index.jsonl');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AssayError('file-not-found', `there is no ${path}`, {
      class: 'input',
      retryable: false,
      hint: 'A folder of trajectories needs an index.jsonl with file, instance_id, run, model and resolved per row.',
      cause,
    });
  });
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      const parsed = labelSchema.safeParse(parseJson(line));
      if (parsed.success) return parsed.data;
      const problem = parsed.error.issues[0];
      throw new AssayError(
        'config-invalid',
        `${path}, line ${index + 1}: ${problem?.path.join('.')}: ${problem?.message}`,
        {
          class: 'input',
          retryable: false,
        },
      );
    });
}

/** One attempt, or why it cannot be had. */
export async function readLabelled(folder: string, label: Label): Promise<LabelledAttempt | SkippedFile> {
  const { file } = label;
  const path = resolve(folder, file);
  if (!path.startsWith(resolve(folder) + sep)) return { file, reason: 'lies outside of the folder' };
  let raw: string;
  try {
    raw = await readFile(path, 'utf8');
  } catch (error) {
    return { file, reason: `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})` };
  }
  const document = parseJson(raw);
  const format = TRAJECTORY_FORMATS.find((one) => one.matches(document));
  if (format === undefined) return { file, reason: 'is in no known format' };
  try {
    const trajectory = format.read(document);
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
