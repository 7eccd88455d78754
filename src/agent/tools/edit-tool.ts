/** The edit tool: view, create, str_replace, insert (and undo_edit for the models that know it), by absolute paths only. */
import { posix } from 'node:path';
import { z } from 'zod';
import { AssayError, type WorkspaceFiles } from '../../contracts/index.ts';
import { EditHistory } from './edit-history.ts';
import { countLines, type EditResult, encode, insertAfter, replaceOnce } from './edit-text.ts';
import {
  type EditCommand,
  type EditInput,
  type EditToolType,
  editCommands,
  editInputSchema,
  editToolSpec,
  knowsUndo,
} from './edit-tool-spec.ts';
import { numberedView } from './numbered-view.ts';
import { errorOutcome, malformedOutcome, type Tool, type ToolOutcome, textOutcome } from './tool.ts';
import { isBinary, MAX_FILE_BYTES, viewPath } from './view-command.ts';

/** Lines shown before and after an edit. */
const SNIPPET_LINES = 4;
/** Half of a surrogate pair has no UTF-8 form; writing it would put U+FFFD in its place. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** One tool per attempt: it keeps the undo history. `native` false leaves the provider's own tool type out. */
export function createEditTool(type: EditToolType, native = true): Tool {
  const allowed = editCommands(type);
  const history = knowsUndo(type) ? new EditHistory() : undefined;
  return {
    spec: editToolSpec(type, native),
    async run(input, { workspace }) {
      const parsed = editInputSchema.safeParse(input);
      if (!parsed.success) return malformedOutcome(`The input does not fit the tool: ${z.prettifyError(parsed.error)}`);
      const { path } = parsed.data;
      const command = allowed.find((one) => one === parsed.data.command);
      if (command === undefined) {
        return malformedOutcome(
          `Unrecognized command ${parsed.data.command}. The allowed commands are: ${allowed.join(', ')}.`,
        );
      }
      if (!path.startsWith('/')) return errorOutcome(notAbsolute(path, workspace.workdir));
      try {
        return await new FileCommands(workspace.files, history).run(command, parsed.data);
      } catch (error) {
        if (!(error instanceof AssayError) || error.code !== 'sandbox-file') throw error;
        return errorOutcome(`${error.message}.`);
      }
    },
  };
}

class FileCommands {
  private readonly files: WorkspaceFiles;
  private readonly history: EditHistory | undefined;

  constructor(files: WorkspaceFiles, history: EditHistory | undefined) {
    this.files = files;
    this.history = history;
  }

  run(command: EditCommand, input: EditInput): Promise<ToolOutcome> | ToolOutcome {
    const { path } = input;
    const insertText = input.insert_text ?? input.new_str;
    switch (command) {
      case 'view':
        return viewPath(path, input.view_range ?? undefined, this.files);
      case 'create':
        return isGiven(input.file_text) ? this.create(path, input.file_text) : lacks('file_text', command);
      case 'str_replace':
        return isGiven(input.old_str)
          ? this.replace(path, input.old_str, input.new_str ?? '')
          : lacks('old_str', command);
      case 'insert':
        if (!isGiven(input.insert_line)) return lacks('insert_line', command);
        return isGiven(insertText) ? this.insert(path, input.insert_line, insertText) : lacks('insert_text', command);
      case 'undo_edit':
        return this.undo(path);
    }
  }

  private async create(path: string, text: string): Promise<ToolOutcome> {
    if (LONE_SURROGATE.test(text)) return notUnicode('file_text');
    const size = Buffer.byteLength(text);
    if (size > MAX_FILE_BYTES)
      return errorOutcome(`\`file_text\` has ${size} bytes; at most ${MAX_FILE_BYTES} are written at once.`);
    const stat = await this.files.stat(path);
    if (stat?.kind === 'directory') return isDirectory(path);
    if (stat !== null)
      return errorOutcome(`File already exists at: ${path}. Cannot overwrite files using command \`create\`.`);
    await this.files.write(path, text);
    return textOutcome(`File created successfully at: ${path}`);
  }

  private replace(path: string, oldText: string, newText: string): Promise<ToolOutcome> | ToolOutcome {
    if (LONE_SURROGATE.test(newText)) return notUnicode('new_str');
    return this.edit(path, (content) => replaceOnce(content, encode(oldText), encode(newText), path));
  }

  private insert(path: string, line: number, text: string): Promise<ToolOutcome> | ToolOutcome {
    if (LONE_SURROGATE.test(text)) return notUnicode('insert_text');
    return this.edit(path, (content) => insertAfter(content, line, encode(text)));
  }

  private async edit(path: string, change: (content: string) => EditResult): Promise<ToolOutcome> {
    const before = await this.readText(path);
    if (!Buffer.isBuffer(before)) return before;
    const result = change(before.toString('latin1'));
    if (!result.ok) return errorOutcome(result.message);
    const after = Buffer.from(result.content, 'latin1');
    await this.files.write(path, after);
    this.history?.remember(path, before, after);
    const from = Math.max(1, result.firstLine - SNIPPET_LINES);
    const to = Math.min(countLines(result.content), result.firstLine + result.lines - 1 + SNIPPET_LINES);
    return textOutcome(
      `The file ${path} has been edited. ${numberedView(result.content, `a snippet of ${path}`, from, to)}\nReview the changes and make sure they are as expected. Edit the file again if necessary.`,
    );
  }

  private async undo(path: string): Promise<ToolOutcome> {
    if (this.history?.has(path) !== true) return errorOutcome(`No edit history found for ${path}.`);
    const now = await this.readText(path);
    if (!Buffer.isBuffer(now)) return now;
    const before = this.history.before(path, now);
    if (before === undefined)
      return errorOutcome(
        `${path} was changed by something else since its last edit; undo_edit would lose that change.`,
      );
    await this.files.write(path, before);
    this.history.forgetLast(path);
    const content = before.toString('latin1');
    return textOutcome(
      `Last edit to ${path} undone successfully. ${numberedView(content, path, 1, countLines(content))}`,
    );
  }

  /** The bytes of a text file that may be edited, or why not. */
  private async readText(path: string): Promise<Buffer | ToolOutcome> {
    const stat = await this.files.stat(path);
    if (stat === null) return errorOutcome(`The path ${path} does not exist. Please provide a valid path.`);
    if (stat.kind === 'directory') return isDirectory(path);
    if (stat.kind !== 'file') return errorOutcome(`${path} is not a regular file.`);
    if (stat.size > MAX_FILE_BYTES)
      return errorOutcome(
        `${path} has ${stat.size} bytes; files over ${MAX_FILE_BYTES} are not edited here. Use bash, e.g. sed or a script.`,
      );
    const bytes = await this.files.read(path, { maxBytes: MAX_FILE_BYTES });
    return isBinary(bytes) ? errorOutcome(`${path} is a binary file and cannot be edited as text. Use bash.`) : bytes;
  }
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

function lacks(parameter: string, command: string): ToolOutcome {
  return malformedOutcome(`Parameter \`${parameter}\` is required for command: ${command}`);
}

function isDirectory(path: string): ToolOutcome {
  return errorOutcome(`The path ${path} is a directory and only the \`view\` command can be used on directories.`);
}

function notUnicode(parameter: string): ToolOutcome {
  return malformedOutcome(`\`${parameter}\` holds half of a surrogate pair and cannot be written as UTF-8.`);
}

function notAbsolute(path: string, workdir: string): string {
  const guess = path === '' || path.startsWith('~') ? '' : ` Maybe you meant ${posix.join(workdir, path)}?`;
  return `The path ${path} is not an absolute path, it should start with \`/\`.${guess}`;
}
