/** Comma-separated values after RFC 4180, with the line each record begins on. Pure. */

export interface CsvRecord {
  /** 1-based line of the file. */
  line: number;
  fields: string[];
  /** The file ended inside of a quoted field. */
  unterminated?: true;
}

/** Records of the text; blank lines are none. Line ends may be LF or CRLF; inside of quotes they are kept as they are. */
export function csvRecords(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let [at, line] = [text.startsWith('\uFEFF') ? 1 : 0, 1];
  while (at < text.length) {
    const record: CsvRecord = { line, fields: [] };
    for (let more = true; more; ) {
      const field = text[at] === '"' ? quotedField(text, at + 1) : plainField(text, at);
      record.fields.push(field.value);
      if (field.unterminated) record.unterminated = true;
      line += field.lineEnds;
      at = field.end;
      more = text[at] === ',';
      if (more) at++;
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    if (record.fields.length > 1 || record.fields[0] !== '') records.push(record);
  }
  return records;
}

interface Field {
  value: string;
  /** Inside of it. */
  lineEnds: number;
  /** Where the separator stands. */
  end: number;
  unterminated?: true;
}

function plainField(text: string, start: number): Field {
  const separator = /,|\r?\n/g;
  separator.lastIndex = start;
  const end = separator.exec(text)?.index ?? text.length;
  return { value: text.slice(start, end), lineEnds: 0, end };
}

/** `start` is behind the opening quote. What stands between the closing quote and the separator belongs to the field, as spreadsheets read it. */
function quotedField(text: string, start: number): Field {
  let value = '';
  let at = start;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) {
      value += text.slice(at);
      return { value, lineEnds: lineEndsIn(value), end: text.length, unterminated: true };
    }
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') {
      const rest = plainField(text, quote + 1);
      return { value: value + rest.value, lineEnds: lineEndsIn(value), end: rest.end };
    }
    value += '"';
    at = quote + 2;
  }
}

function lineEndsIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
