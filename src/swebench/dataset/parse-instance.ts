/** One row of a SWE-bench-like table to a typed instance: lenient about shapes that published sets differ in, strict about what grading cannot do without. */
import { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';
import type { SwebenchInstance } from '../contracts.ts';
import { isFolderName, MAX_NAME_BYTES, shortName } from '../folder-name.ts';
import { deriveFields } from './derive-fields.ts';
import type { Row } from './read-rows.ts';
import { stringList } from './string-list.ts';
import { uniformRow } from './uniform-row.ts';

const testIds = z.unknown().transform((value, context) => {
  const list = stringList(value);
  if (list !== undefined) return list;
  context.addIssue({ code: 'custom', message: 'neither a list of strings nor text of one, in JSON or Python' });
  return z.NEVER;
});

const assets = z
  .array(z.union([z.object({ path: z.string(), url: z.string().default('') }), z.string()]))
  .nullish()
  .transform((list) => (list ?? []).filter((one) => typeof one !== 'string'));

const imageAssets = z.preprocess(
  (value) => (typeof value === 'string' ? (parseJson(value) ?? {}) : (value ?? {})),
  z.object({ test_patch: assets, patch: assets }, 'neither an object nor JSON text of one'),
);

/** Commits are handed to git: what begins with a dash would be an option there. */
const COMMIT = /^\w[\w./-]*$/;

const optionalText = z
  .string()
  .nullish()
  .transform((value) => (value === null || value === '' ? undefined : value));

const rowSchema = z.object({
  instance_id: z.string().refine(isFolderName, `not fit to name a folder (at most ${MAX_NAME_BYTES} bytes, no slash)`),
  repo: z.string().min(1),
  base_commit: z.string().regex(COMMIT, 'no name of a commit'),
  version: z.union([z.string(), z.number().transform(String)]).nullish(),
  environment_setup_commit: optionalText.refine(
    (value) => value === undefined || COMMIT.test(value),
    'no name of a commit',
  ),
  problem_statement: optionalText,
  patch: z.string(),
  test_patch: z.string(),
  FAIL_TO_PASS: testIds,
  PASS_TO_PASS: testIds,
  image: optionalText,
  eval_script: optionalText,
  log_parser: optionalText,
  eval_type: z.enum(['pass_and_fail', 'fail_only']).nullish(),
  image_assets: imageAssets,
});

/** Throws `task-invalid` naming the row and what it lacks; `place` names one without an id. */
export function parseInstance(row: Row, place = 'a row without instance_id'): SwebenchInstance {
  const parsed = rowSchema.safeParse(uniformRow(row));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    const id = instanceIdOf(row);
    const name = id === undefined ? place : shortName(id);
    throw new AssayError('task-invalid', `${name} is no SWE-bench row: ${problems.join('; ')}`, {
      class: 'input',
      retryable: false,
    });
  }
  const { version, eval_type, image, eval_script, log_parser, environment_setup_commit, problem_statement, ...rest } =
    parsed.data;
  return deriveFields({
    ...rest,
    version: version ?? '',
    ...(problem_statement === undefined ? {} : { problem_statement }),
    ...(environment_setup_commit === undefined ? {} : { environment_setup_commit }),
    ...(image === undefined ? {} : { image }),
    ...(eval_script === undefined ? {} : { eval_script }),
    ...(log_parser === undefined ? {} : { log_parser }),
    ...(eval_type == null ? {} : { eval_type }),
  });
}

/** Of a row that need not be whole; undefined when it has none. */
export function instanceIdOf(row: Row): string | undefined {
  const { instance_id } = uniformRow(row);
  return typeof instance_id === 'string' ? instance_id : undefined;
}

/** Null for blank text; text that is no JSON stays text. */
function parseJson(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
