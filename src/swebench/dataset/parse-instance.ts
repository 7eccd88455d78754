/** One row of a SWE-bench-like table to a typed instance: lenient about shapes that published sets differ in, strict about what grading cannot do without. */
import { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';
import type { SwebenchInstance } from '../contracts.ts';
import { deriveFields } from './derive-fields.ts';
import type { Row } from './read-rows.ts';

/** Lists come as arrays or as JSON text, by set. */
const testIds = z.union([z.array(z.string()), z.string().transform(parseList)]);

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
  instance_id: z.string().min(1),
  repo: z.string().min(1),
  base_commit: z.string().regex(COMMIT, 'no name of a commit'),
  version: z.union([z.string(), z.number().transform(String)]).nullish(),
  environment_setup_commit: optionalText.refine(
    (value) => value === undefined || COMMIT.test(value),
    'no name of a commit',
  ),
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

/** Throws `task-invalid` naming the row and what it lacks. */
export function parseInstance(row: Row): SwebenchInstance {
  const parsed = rowSchema.safeParse(renamed(row));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    const name = typeof row.instance_id === 'string' ? row.instance_id : 'a row without instance_id';
    throw new AssayError('task-invalid', `${name} is no SWE-bench row: ${problems.join('; ')}`, {
      class: 'input',
      retryable: false,
    });
  }
  const { version, eval_type, image, eval_script, log_parser, environment_setup_commit, ...rest } = parsed.data;
  return deriveFields({
    ...rest,
    version: version ?? '',
    ...(environment_setup_commit === undefined ? {} : { environment_setup_commit }),
    ...(image === undefined ? {} : { image }),
    ...(eval_script === undefined ? {} : { eval_script }),
    ...(log_parser === undefined ? {} : { log_parser }),
    ...(eval_type == null ? {} : { eval_type }),
  });
}

/** Names that sets built after SWE-bench use for the same things. */
function renamed(row: Row): Row {
  const first = (...names: string[]) => names.map((name) => row[name]).find((value) => value != null);
  return {
    ...row,
    FAIL_TO_PASS: first('FAIL_TO_PASS', 'fail_to_pass') ?? [],
    PASS_TO_PASS: first('PASS_TO_PASS', 'pass_to_pass') ?? [],
    image: first('image', 'image_name', 'docker_image'),
    patch: first('patch', 'gold_patch', 'fix_patch') ?? '',
    test_patch: first('test_patch') ?? '',
  };
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

function parseList(text: string, context: z.RefinementCtx): string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(text));
  } catch {
    context.addIssue({ code: 'custom', message: 'neither a list of strings nor JSON text of one' });
    return z.NEVER;
  }
}
