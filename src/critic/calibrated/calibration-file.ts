/** A calibration as a file: readable JSON with the critic that it belongs to and the card of its fitting. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';
import { calibrationSchema } from '../learn/calibration.ts';

export const calibrationFileSchema = z.object({
  format: z.literal('assay-critic-calibration'),
  formatVersion: z.literal(1),
  /** The critic as a user names it, such as `judge:http://127.0.0.1:8000/v1#model`. Edit it when the server moves. */
  critic: z.string(),
  calibration: calibrationSchema,
  card: z.object({
    fittedAt: z.string(),
    assayVersion: z.string(),
    runs: z.array(z.string()),
    repositories: z.array(z.string()),
    instanceIds: z.array(z.string()),
    attempts: z.number().int(),
    resolved: z.number().int(),
    /** Graded attempts to which the critic gave no score. */
    unscored: z.number().int(),
    /** Of the scores as they come, against which the map is fitted; null where all attempts came to the same. */
    rawAuc: z.number().nullable(),
    /** Null where nothing could be held out. */
    heldOut: z
      .object({
        split: z.string(),
        folds: z.number().int(),
        attempts: z.number().int(),
        resolved: z.number().int(),
        auc: z.number().nullable(),
        brier: z.number(),
        ece: z.number(),
      })
      .nullable(),
  }),
});
export type CalibrationFile = z.infer<typeof calibrationFileSchema>;

/** Throws `file-not-found`, or `config-invalid` when the file is no calibration. */
export async function readCalibrationFile(path: string): Promise<CalibrationFile> {
  const hint = 'Make one with: assay critic calibrate RUN --by judge:URL#MODEL';
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AssayError('file-not-found', `cannot read ${path}`, { class: 'input', retryable: false, hint, cause });
  });
  const parsed = calibrationFileSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const why = `${path} is no calibration: ${[...(issue?.path ?? []), issue?.message].join(': ')}`;
  throw new AssayError('config-invalid', why, { class: 'input', retryable: false, hint });
}

/** Null for text that is no JSON, which fits no schema. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
