/** Cassettes on disk: lines that are appended whole, and read with tolerance for what a killed process left half-written. */
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../base/make-folder.ts';
import { AssayError, modelReplySchema } from '../contracts/index.ts';

const lineSchema = z.object({
  format: z.literal(1),
  /** Who answered. */
  model: z.string(),
  contextTokens: z.number().nullish(),
  /** `<instance>/<attempt>/<step>` */
  call: z.string().optional(),
  /** Digest of the whole request. */
  request: z.string(),
  /** Short digests, to find what differs. */
  messages: z.array(z.string()),
  rest: z.object({ system: z.string(), tools: z.string(), parameters: z.string() }).optional(),
  reply: modelReplySchema,
});
export type CassetteLine = z.infer<typeof lineSchema>;

export interface LineFile {
  /** Resolves when the line is written. Throws `io` or `disk-full`. */
  append(line: CassetteLine): Promise<void>;
  /** Resolves when everything under way has ended, well or not. */
  flushed(): Promise<void>;
}

/** Creates file and folder with the first line. A torn last line of an earlier process is cut off, so that the next line begins on a line of its own. */
export function appendLines(path: string): LineFile {
  let queue: Promise<unknown> = Promise.resolve();
  let prepared = false;
  const write = async (line: CassetteLine) => {
    try {
      if (!prepared) await prepare(path);
      prepared = true;
      const handle = await open(path, 'a');
      try {
        await handle.writeFile(`${JSON.stringify(line)}\n`);
        await handle.datasync();
      } finally {
        await handle.close();
      }
    } catch (cause) {
      const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
      throw new AssayError(full ? 'disk-full' : 'io', `the cassette ${path} cannot be written: ${cause}`, {
        class: 'infra',
        retryable: full,
        cause,
      });
    }
  };
  return {
    append(line) {
      const written = queue.then(() => write(line));
      queue = written.catch(() => {}); // told to whoever appended; the next line is tried on its own
      return written;
    },
    flushed: () => queue.then(() => {}),
  };
}

async function prepare(path: string): Promise<void> {
  await makeFolder(dirname(path));
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  if (content.length === 0 || content.at(-1) === 0x0a) return;
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(content.lastIndexOf(0x0a) + 1);
  } finally {
    await handle.close();
  }
}

/** Lines of a cassette, or of all `.jsonl` files of a folder in the order of their names. Throws `file-not-found`, `config-invalid` with file and line. */
export async function readCassettes(path: string): Promise<CassetteLine[]> {
  try {
    const folder = (await stat(path)).isDirectory();
    const names = folder ? (await readdir(path)).filter((name) => name.endsWith('.jsonl')).sort() : [];
    const files = folder ? names.map((name) => join(path, name)) : [path];
    if (files.length === 0) throw new Error('the folder holds no .jsonl file');
    const texts = await Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') })));
    return texts.flatMap(({ file, text }) => parseLines(file, text));
  } catch (cause) {
    if (cause instanceof AssayError) throw cause;
    throw new AssayError('file-not-found', `the cassette ${path} cannot be read: ${cause}`, {
      class: 'input',
      retryable: false,
      cause,
      hint: 'Record one with `assay run --record FILE`.',
    });
  }
}

function parseLines(file: string, text: string): CassetteLine[] {
  const rows = text.split('\n');
  return rows.flatMap((row, index) => {
    if (row.trim() === '') return [];
    const parsed = lineSchema.safeParse(parseJson(row));
    if (parsed.success) return [parsed.data];
    if (index === rows.length - 1) return []; // torn: the recording process was killed
    throw new AssayError('config-invalid', `${file}:${index + 1} is not a line of a cassette`, {
      class: 'input',
      retryable: false,
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema refuses it
  }
}
