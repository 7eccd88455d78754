/** Rows of a table file as plain objects: parquet, a JSON array or object, JSON lines. */
import { readFile } from 'node:fs/promises';
import { AssayError } from '../../contracts/index.ts';

export type Row = Record<string, unknown>;

/** True when the name ends like a file `readRows` understands. */
export function isTableFile(name: string): boolean {
  return /\.(parquet|json|jsonl)$/.test(name);
}

/** Throws `file-not-found`, or `config-invalid` naming the file and line. Of a JSON object the values are the rows; its key is the id of one that has none. */
export async function readRows(path: string): Promise<Row[]> {
  try {
    if (path.endsWith('.parquet')) return await readParquet(path);
    const text = withoutMark(await readFile(path, 'utf8'));
    return path.endsWith('.jsonl') ? parseLines(text, path) : parseDocument(text, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new AssayError('file-not-found', `${path} does not exist`, { class: 'input', retryable: false });
  }
}

async function readParquet(path: string): Promise<Row[]> {
  // Only who has such a file loads it.
  const { asyncBufferFromFile, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const file = await asyncBufferFromFile(path);
  try {
    return await parquetReadObjects({ file, compressors });
  } catch (error) {
    throw invalid(path, `it is not readable as parquet: ${(error as Error).message}`);
  }
}

/** As the reference reads them, except that blank lines are passed over at the end of the file only. */
function parseLines(text: string, path: string): Row[] {
  const lines = text.split('\n');
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
  return lines.map((line, index) => asRow(parseJson(line, `${path}:${index + 1}`), `${path}:${index + 1}`));
}

function parseDocument(text: string, path: string): Row[] {
  const document = parseJson(text, path);
  if (typeof document !== 'object' || document === null) throw invalid(path, 'it holds neither an array nor an object');
  if (Array.isArray(document)) return document.map((row, index) => asRow(row, `${path}, entry ${index + 1}`));
  if (typeof (document as Row).instance_id === 'string')
    throw invalid(path, 'it holds a single entry where a list of them is expected; put it between [ and ]');
  return Object.entries(document).map(([key, row]) => ({ instance_id: key, ...asRow(row, `${path}, entry ${key}`) }));
}

/** Editors of Windows begin files with a byte order mark. */
function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(where, `it is not JSON: ${(error as Error).message}`);
  }
}

function asRow(value: unknown, where: string): Row {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row;
  throw invalid(where, 'it is not an object');
}

function invalid(where: string, reason: string): AssayError {
  return new AssayError('config-invalid', `${where}: ${reason}`, { class: 'input', retryable: false });
}
