/** The edit tool: view, create, str_replace, insert (and undo_edit for the models that know it), by absolute paths only. */
import { z } from 'zod';
import { AssayError, type ToolSpec, type WorkspaceFiles } from '../../contracts/index.ts';
import { countLines, type EditResult, encode, insertAfter, numberedLines, replaceOnce } from './edit-text.ts';
import { imageType } from './image-type.ts';
import { errorOutcome, type Tool, type ToolOutcome, textOutcome } from './tool.ts';

export type EditToolType =
  | 'text_editor_20250728'
  | 'text_editor_20250429'
  | 'text_editor_20250124'
  | 'text_editor_20241022';

/** Largest file that may be viewed or edited, and largest text that may be created. */
const MAX_FILE_BYTES = 1024 ** 2;
const MAX_IMAGE_BYTES = 5 * 1024 ** 2;
/** Characters of one view; a longer one says how to see the rest. */
const MAX_VIEW_CHARACTERS = 60_000;
const MAX_ENTRIES = 1_000;
const UNDO_DEPTH = 10;
const SNIPPET_LINES = 4;

const inputSchema = z.object({
  command: z.enum(['view', 'create', 'str_replace', 'insert', 'undo_edit']),
  path: z.string(),
  file_text: z.string().nullish(),
  old_str: z.string().nullish(),
  new_str: z.string().nullish(),
  insert_line: z.number().nullish(),
  insert_text: z.string().nullish(),
  view_range: z.array(z.number()).nullish(),
});
type Input = z.infer<typeof inputSchema>;

export function createEditTool(type: EditToolType): Tool {
  const undo = type === 'text_editor_20250124' || type === 'text_editor_20241022';
  const spec = editToolSpec(type, undo);
  const history = new Map<string, string[]>();
  return {
    spec,
    async run(input, { workspace }) {
      const parsed = inputSchema.safeParse(input);
      if (!parsed.success) return errorOutcome(`The input does not fit the tool: ${z.prettifyError(parsed.error)}`);
      const { command, path } = parsed.data;
      if (command === 'undo_edit' && !undo)
        return errorOutcome(
          'Unrecognized command undo_edit. The allowed commands are: view, create, str_replace, insert.',
        );
      if (!path.startsWith('/')) {
        return errorOutcome(
          `The path ${path} is not an absolute path, it should start with \`/\`. Maybe you meant ${workspace.workdir}/${path.replace(/^\.\//, '')}?`,
        );
      }
      try {
        return await COMMANDS[command](parsed.data, workspace.files, history);
      } catch (error) {
        if (!(error instanceof AssayError) || error.code !== 'sandbox-file') throw error;
        return errorOutcome(`${error.message}.`);
      }
    },
  };
}

type Command = (input: Input, files: WorkspaceFiles, history: Map<string, string[]>) => Promise<ToolOutcome>;

const COMMANDS: Record<Input['command'], Command> = {
  async view(input, files) {
    const stat = await files.stat(input.path);
    if (stat === null) return missing(input.path);
    if (stat.kind === 'directory') return viewDirectory(input, files);
    if (stat.kind !== 'file') return errorOutcome(`${input.path} is not a regular file or directory.`);
    return viewFile(input, files, stat.size);
  },

  async create(input, files, history) {
    if (input.file_text === undefined || input.file_text === null)
      return errorOutcome('Parameter `file_text` is required for command: create');
    if ((await files.stat(input.path)) !== null) {
      return errorOutcome(`File already exists at: ${input.path}. Cannot overwrite files using command \`create\`.`);
    }
    if (Buffer.byteLength(input.file_text) > MAX_FILE_BYTES)
      return errorOutcome(`The text is larger than ${MAX_FILE_BYTES} bytes.`);
    await files.write(input.path, input.file_text);
    remember(history, input.path, '');
    return textOutcome(`File created successfully at: ${input.path}`);
  },

  async str_replace(input, files, history) {
    const { old_str: oldText, new_str: newText } = input;
    if (oldText === undefined || oldText === null)
      return errorOutcome('Parameter `old_str` is required for command: str_replace');
    return edit(input.path, files, history, (content) =>
      replaceOnce(content, encode(oldText), encode(newText ?? ''), input.path),
    );
  },

  async insert(input, files, history) {
    const { insert_line: line } = input;
    const text = input.insert_text ?? input.new_str;
    if (line === undefined || line === null)
      return errorOutcome('Parameter `insert_line` is required for command: insert');
    if (text === undefined || text === null)
      return errorOutcome('Parameter `insert_text` is required for command: insert');
    return edit(input.path, files, history, (content) => insertAfter(content, line, encode(text)));
  },

  async undo_edit(input, files, history) {
    const previous = history.get(input.path)?.pop();
    if (previous === undefined) return errorOutcome(`No edit history found for ${input.path}.`);
    await files.write(input.path, Buffer.from(previous, 'latin1'));
    return textOutcome(
      `Last edit to ${input.path} undone successfully. ${cat(previous, input.path, 1, countLines(previous))}`,
    );
  },
};

async function edit(
  path: string,
  files: WorkspaceFiles,
  history: Map<string, string[]>,
  change: (content: string) => EditResult,
): Promise<ToolOutcome> {
  const stat = await files.stat(path);
  if (stat === null) return missing(path);
  if (stat.kind === 'directory')
    return errorOutcome(`The path ${path} is a directory and only the \`view\` command can be used on directories.`);
  if (stat.kind !== 'file') return errorOutcome(`${path} is not a regular file.`);
  const content = (await files.read(path, { maxBytes: MAX_FILE_BYTES })).toString('latin1');
  const result = change(content);
  if (!result.ok) return errorOutcome(result.message);
  await files.write(path, Buffer.from(result.content, 'latin1'));
  remember(history, path, content);
  const from = Math.max(1, result.firstLine - SNIPPET_LINES);
  const to = Math.min(countLines(result.content), result.firstLine + result.lines - 1 + SNIPPET_LINES);
  return textOutcome(
    `The file ${path} has been edited. ${cat(result.content, `a snippet of ${path}`, from, to)}\nReview the changes and make sure they are as expected. Edit the file again if necessary.`,
  );
}

async function viewDirectory(input: Input, files: WorkspaceFiles): Promise<ToolOutcome> {
  if (input.view_range)
    return errorOutcome('The `view_range` parameter is not allowed when `path` points to a directory.');
  const entries = await files.list(input.path, { depth: 2, limit: MAX_ENTRIES });
  const more = entries.length >= MAX_ENTRIES ? `\n(only the first ${MAX_ENTRIES} entries are shown)` : '';
  return textOutcome(
    `Here's the files and directories up to 2 levels deep in ${input.path}, excluding hidden items:\n${[input.path, ...entries].join('\n')}${more}`,
  );
}

async function viewFile(input: Input, files: WorkspaceFiles, size: number): Promise<ToolOutcome> {
  if (size > MAX_IMAGE_BYTES)
    return errorOutcome(`${input.path} has ${size} bytes, too many to view; use bash to look at a part of it.`);
  const bytes = await files.read(input.path, { maxBytes: MAX_IMAGE_BYTES });
  const mediaType = imageType(bytes);
  if (mediaType !== undefined)
    return { content: [{ type: 'image', mediaType, data: bytes.toString('base64') }], isError: false };
  if (bytes.subarray(0, 8_000).includes(0))
    return errorOutcome(`${input.path} is a binary file (${size} bytes) and cannot be shown as text.`);
  if (size > MAX_FILE_BYTES)
    return errorOutcome(
      `${input.path} has ${size} bytes, too many to view; use bash (\`sed -n 10,25p\`) to look at a part of it.`,
    );
  const content = bytes.toString('latin1');
  const count = countLines(content);
  const range = viewRange(input.view_range ?? undefined, count);
  if (typeof range === 'string') return errorOutcome(range);
  return textOutcome(cat(content, input.path, range[0], range[1]));
}

/** The range to show, or what is wrong with the one that was asked for. */
function viewRange(range: readonly number[] | undefined, count: number): [number, number] | string {
  if (range === undefined) return [1, count];
  const [from, to] = range;
  if (range.length !== 2 || from === undefined || to === undefined || !range.every(Number.isInteger)) {
    return 'Invalid `view_range`. It should be a list of two integers.';
  }
  const shown = `[${range.join(', ')}]`;
  if (from < 1 || from > Math.max(1, count))
    return `Invalid \`view_range\`: ${shown}. Its first element \`${from}\` should be within the range of lines of the file: [1, ${count}]`;
  if (to !== -1 && to < from)
    return `Invalid \`view_range\`: ${shown}. Its second element \`${to}\` should be larger or equal than its first \`${from}\``;
  return [from, to === -1 ? count : Math.min(to, count)];
}

function cat(content: string, what: string, from: number, to: number): string {
  const text = numberedLines(content, from, to);
  const cut =
    text.length <= MAX_VIEW_CHARACTERS
      ? text
      : `${text.slice(0, MAX_VIEW_CHARACTERS)}\n<response clipped: use \`view_range\` to see the rest of ${countLines(content)} lines>`;
  return `Here's the result of running \`cat -n\` on ${what}:\n${cut}`;
}

function missing(path: string): ToolOutcome {
  return errorOutcome(`The path ${path} does not exist. Please provide a valid path.`);
}

function remember(history: Map<string, string[]>, path: string, content: string): void {
  const versions = history.get(path) ?? [];
  versions.push(content);
  history.set(path, versions.slice(-UNDO_DEPTH));
}

function editToolSpec(type: EditToolType, undo: boolean): ToolSpec {
  const older = type === 'text_editor_20250124' || type === 'text_editor_20241022';
  const commands = ['view', 'create', 'str_replace', 'insert', ...(undo ? ['undo_edit'] : [])];
  const insertName = type === 'text_editor_20250728' ? 'insert_text' : 'new_str';
  return {
    name: older ? 'str_replace_editor' : 'str_replace_based_edit_tool',
    description: `Views, creates and edits files.
* \`path\` is always absolute.
* \`view\` shows a file with line numbers (an image is shown as an image), or the files of a directory up to two levels deep without hidden ones.
* \`create\` cannot overwrite a file that exists.
* \`str_replace\`: \`old_str\` must match exactly one place in the file, white space included; give enough lines around it. Without \`new_str\` the text is deleted.
* \`insert\` puts \`${insertName}\` after line \`insert_line\` (0 = at the start).${undo ? '\n* `undo_edit` takes the last edit of a file back.' : ''}
* Long output is cut and marked with \`<response clipped>\`.`,
    inputSchema: {
      type: 'object',
      properties: {
        command: { type: 'string', enum: commands, description: 'What to do.' },
        path: { type: 'string', description: 'Absolute path of a file or directory, e.g. `/testbed/file.py`.' },
        file_text: { type: 'string', description: 'For `create`: the content.' },
        old_str: { type: 'string', description: 'For `str_replace`: the text to replace.' },
        new_str: { type: 'string', description: 'For `str_replace`: the new text.' },
        insert_line: { type: 'integer', description: 'For `insert`: the line after which the text goes.' },
        ...(insertName === 'insert_text'
          ? { insert_text: { type: 'string', description: 'For `insert`: the text.' } }
          : {}),
        view_range: {
          type: 'array',
          items: { type: 'integer' },
          description: 'For `view` of a file: [first, last] line, from 1; -1 is the end.',
        },
      },
      required: ['command', 'path'],
    },
    native: { anthropic: { type } },
  };
}
