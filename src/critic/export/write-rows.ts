/** Rows as JSON lines or Parquet. */

import { parquetWriteBuffer } from 'hyparquet-writer';
import { writeFileAtomic } from '../../base/atomic-file.ts';

export type RowFormat = 'jsonl' | 'parquet';

/** Parquet holds lists and nested members as JSON columns. `rows` must not be empty. Throws `io`, `disk-full`. */
export async function writeRows(path: string, rows: readonly object[], format: RowFormat): Promise<void> {
  if (format === 'jsonl') {
    await writeFileAtomic(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return;
  }
  const names = Object.keys(rows[0] ?? {});
  const columnData = names.map((name) => {
    const data = rows.map((row) => (row as Record<string, unknown>)[name]);
    return { name, data, type: columnType(data[0]) };
  });
  await writeFileAtomic(path, new Uint8Array(parquetWriteBuffer({ columnData })));
}

function columnType(example: unknown): 'STRING' | 'BOOLEAN' | 'INT32' | 'JSON' {
  if (typeof example === 'string') return 'STRING';
  if (typeof example === 'boolean') return 'BOOLEAN';
  return typeof example === 'number' ? 'INT32' : 'JSON';
}
