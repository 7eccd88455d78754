/** The JSON Schema of task.yaml (draft 2020-12), made from the zod schema; `docs/schema/task.schema.json` is its text. */
import { z } from 'zod';
import { taskFileSchema } from '../contracts/index.ts';

/** As authors write the file: members with defaults are optional. */
export function taskJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(taskFileSchema, { io: 'input', target: 'draft-2020-12' });
  return { ...schema, title: 'Assay task', description: 'task.yaml of an Assay task folder; see docs/task-format.md.' };
}
