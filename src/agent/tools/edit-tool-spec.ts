/** The edit tool as models see it, in its four generations, and what it takes. */
import { z } from 'zod';
import type { ToolSpec } from '../../contracts/index.ts';

export type EditToolType =
  | 'text_editor_20250728'
  | 'text_editor_20250429'
  | 'text_editor_20250124'
  | 'text_editor_20241022';

export type EditCommand = 'view' | 'create' | 'str_replace' | 'insert' | 'undo_edit';

/** Lenient where generations differ: `insert_text` and `new_str` are both taken for `insert`, null stands for absent. */
export const editInputSchema = z.object({
  command: z.string(),
  path: z.string(),
  file_text: z.string().nullish(),
  old_str: z.string().nullish(),
  new_str: z.string().nullish(),
  insert_line: z.number().nullish(),
  insert_text: z.string().nullish(),
  view_range: z.array(z.number()).nullish(),
});
export type EditInput = z.infer<typeof editInputSchema>;

/** The models before Claude 4 know the command `undo_edit` and another name of the tool. */
export function knowsUndo(type: EditToolType): boolean {
  return type === 'text_editor_20250124' || type === 'text_editor_20241022';
}

/** Commands of this generation. */
export function editCommands(type: EditToolType): EditCommand[] {
  return ['view', 'create', 'str_replace', 'insert', ...(knowsUndo(type) ? ['undo_edit' as const] : [])];
}

/** `native` false: an ordinary function tool, also at Anthropic (for models older than the type). */
export function editToolSpec(type: EditToolType, native: boolean): ToolSpec {
  const insertName = type === 'text_editor_20250728' ? 'insert_text' : 'new_str';
  const text = (description: string) => ({ type: 'string', description });
  return {
    name: knowsUndo(type) ? 'str_replace_editor' : 'str_replace_based_edit_tool',
    description: `Views, creates and edits files.
* \`path\` is always absolute.
* \`view\` shows a file with line numbers (an image is shown as an image), or the files of a directory up to two levels deep without hidden ones.
* \`create\` cannot overwrite a file that exists.
* \`str_replace\`: \`old_str\` must match exactly one place in the file, white space included; give enough lines around it. Without \`new_str\` the text is deleted.
* \`insert\` puts \`${insertName}\` after line \`insert_line\` (0 = at the start).${knowsUndo(type) ? '\n* `undo_edit` takes the last edit of a file back.' : ''}
* Long output is cut and marked with \`<response clipped>\`.`,
    inputSchema: {
      type: 'object',
      properties: {
        command: { type: 'string', enum: editCommands(type), description: 'What to do.' },
        path: text('Absolute path of a file or directory, e.g. `/testbed/file.py`.'),
        file_text: text('For `create`: the content.'),
        old_str: text('For `str_replace`: the text to replace.'),
        new_str: text(
          insertName === 'new_str'
            ? 'For `str_replace`: the new text. For `insert`: the text to insert.'
            : 'For `str_replace`: the new text.',
        ),
        insert_line: { type: 'integer', description: 'For `insert`: the line after which the text goes.' },
        ...(insertName === 'insert_text' ? { insert_text: text('For `insert`: the text.') } : {}),
        view_range: {
          type: 'array',
          items: { type: 'integer' },
          description: 'For `view` of a file: [first, last] line, from 1; -1 is the end.',
        },
      },
      required: ['command', 'path'],
    },
    ...(native ? { native: { anthropic: { type } } } : {}),
  };
}
