/** The embedded critic as a file: readable JSON with the card of its training. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';
import { FEATURE_VERSION } from '../features/extract-features.ts';
import { headSchema } from './head.ts';

const measuresSchema = z.object({
  attempts: z.number().int(),
  resolved: z.number().int(),
  /** Null where all attempts came to the same. */
  auc: z.number().nullable(),
  brier: z.number(),
  /** Expected calibration error over ten bins of equal size. */
  ece: z.number(),
});

/** What whoever uses the critic has to know about where it comes from. */
const trainingCardSchema = z.object({
  trainedAt: z.string(),
  assayVersion: z.string(),
  runs: z.array(
    z.object({ runId: z.string(), agent: z.string(), attempts: z.number().int(), resolved: z.number().int() }),
  ),
  repositories: z.array(z.string()),
  instances: z.number().int(),
  /** Absent in older files. */
  instanceIds: z.array(z.string()).optional(),
  /** Attempts of these runs that were not used, with the reason. */
  leftOut: z.object({
    ungraded: z.number().int(),
    leaking: z.number().int(),
    withoutPatch: z.number().int(),
    /** Instances made from `before` on, or at an unknown time; absent when time was no matter. */
    time: z.object({ before: z.string(), later: z.number().int(), undated: z.number().int() }).optional(),
  }),
  options: z.object({
    groups: z.array(z.string()),
    perTurn: z.boolean(),
    gamma: z.number(),
    calibration: z.string(),
    seed: z.number().int(),
  }),
  features: z.array(z.object({ name: z.string(), group: z.string(), help: z.string() })),
  /** On attempts of repositories (or instances) that the scoring head had not seen; the file's own heads saw everything. Null when there is one instance alone. */
  heldOut: measuresSchema.extend({ split: z.string() }).nullable(),
});

export const criticFileSchema = z.object({
  format: z.literal('assay-embedded-critic'),
  formatVersion: z.literal(1),
  featureVersion: z.number().int(),
  card: trainingCardSchema,
  final: headSchema,
  turn: headSchema,
});
export type CriticFile = z.infer<typeof criticFileSchema>;

/** Throws `file-not-found`, or `config-invalid` when the file is no critic or was trained on features of another meaning. */
export async function readCriticFile(path: string): Promise<CriticFile> {
  const problem = (code: 'file-not-found' | 'config-invalid', message: string, hint: string, cause?: unknown) =>
    new AssayError(code, message, { class: 'input', retryable: false, hint, cause });
  let document: unknown;
  try {
    document = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw problem('config-invalid', `${path} is not JSON`, 'Name a file that `assay critic train` wrote.', error);
    throw problem(
      'file-not-found',
      `cannot read ${path}`,
      'Train a critic first: assay critic train RUN --out critic.json',
      error,
    );
  }
  const parsed = criticFileSchema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw problem(
      'config-invalid',
      `${path} is no critic: ${issue?.path.join('.')}: ${issue?.message}`,
      'Name a file that `assay critic train` wrote.',
    );
  }
  if (parsed.data.featureVersion === FEATURE_VERSION) return parsed.data;
  throw problem(
    'config-invalid',
    `${path} was trained on features of version ${parsed.data.featureVersion}; this Assay has ${FEATURE_VERSION}`,
    'Train the critic again.',
  );
}
