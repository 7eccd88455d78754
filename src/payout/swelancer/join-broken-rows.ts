import type { CsvRecord } from './csv-records.ts';

/** More lines than a field that lost its quotes has: what is longer is no broken row, and looking on would take the square of the lines. */
const MAX_PIECES = 100;

/**
 * Rows that a line end inside of an unquoted field broke in two are one again: a record with too few fields takes in what follows as long as the sum of
 * the fields does not exceed `columns`, up to a hundred lines. A row that stays too short is left as it is. Pure.
 */
export function joinBrokenRows(records: readonly CsvRecord[], columns: number): CsvRecord[] {
  const joined: CsvRecord[] = [];
  for (let at = 0; at < records.length; at++) {
    const pieces = piecesOf(records, at, columns);
    joined.push(pieces.reduce(append));
    at += pieces.length - 1;
  }
  return joined;
}

/** The record at `start`, and those that complete it when they do so exactly. */
function piecesOf(records: readonly CsvRecord[], start: number, columns: number): CsvRecord[] {
  const alone = records.slice(start, start + 1);
  let fields = alone[0]?.fields.length ?? 0;
  const last = Math.min(records.length, start + MAX_PIECES);
  for (let end = start + 1; fields < columns && end < last; end++) {
    fields += (records[end]?.fields.length ?? 0) - 1;
    if (fields === columns) return records.slice(start, end + 1);
  }
  return alone;
}

/** The break stood inside of the last field of `a`. */
function append(a: CsvRecord, b: CsvRecord): CsvRecord {
  const seam = `${a.fields.at(-1) ?? ''}\n${b.fields[0] ?? ''}`;
  const fields = [...a.fields.slice(0, -1), seam, ...b.fields.slice(1)];
  return { line: a.line, fields, ...(b.unterminated ? { unterminated: true } : {}) };
}
