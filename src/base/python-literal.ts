/**
 * Values written as Python literals: what `repr` prints for strings, numbers, booleans, None, lists, tuples and dicts. Bytes, sets and complex numbers are refused. Pure.
 * Format: The Python Language Reference, 2.4 (literals) and 6.2 (displays).
 */

export type PythonValue = string | number | boolean | null | PythonValue[] | { [key: string]: PythonValue };

/** Throws a `SyntaxError` that names the offset. Tuples become arrays; keys of dicts become strings. */
export function parsePythonLiteral(text: string): PythonValue {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.skipSpace();
  if (reader.at < text.length) throw reader.error('more text than one value');
  return value;
}

const MAX_DEPTH = 100;
const NUMBER = /[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
const WORDS: Readonly<Record<string, PythonValue>> = { None: null, True: true, False: false };

class Reader {
  at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  error(message: string): SyntaxError {
    return new SyntaxError(`${message} at character ${this.at}`);
  }

  skipSpace(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
  }

  value(depth: number): PythonValue {
    if (depth > MAX_DEPTH) throw this.error('nested too deeply');
    this.skipSpace();
    const first = this.text[this.at] ?? '';
    if (first === '[') return this.items(']', depth).values;
    if (first === '(') return this.parenthesised(depth);
    if (first === '{') return this.dict(depth);
    if (this.stringStart() !== undefined) return this.strings();
    const word = /[A-Za-z]+/y;
    word.lastIndex = this.at;
    const name = word.exec(this.text)?.[0];
    if (name !== undefined && Object.hasOwn(WORDS, name)) {
      this.at += name.length;
      return WORDS[name] ?? null;
    }
    return this.number();
  }

  private number(): number {
    NUMBER.lastIndex = this.at;
    const digits = NUMBER.exec(this.text)?.[0];
    if (digits === undefined) throw this.error('no value');
    this.at += digits.length;
    return Number(digits.replaceAll('_', ''));
  }

  /** What stands between brackets; `commas` tells a tuple of one from a value in parentheses. */
  private items(end: string, depth: number): { values: PythonValue[]; commas: number } {
    this.at++;
    const values: PythonValue[] = [];
    let commas = 0;
    for (;;) {
      this.skipSpace();
      if (this.take(end)) return { values, commas };
      if (values.length > commas) throw this.error(`no comma and no ${end}`);
      values.push(this.value(depth + 1));
      this.skipSpace();
      if (this.take(',')) commas++;
    }
  }

  private parenthesised(depth: number): PythonValue {
    const { values, commas } = this.items(')', depth);
    const [only] = values;
    return values.length === 1 && commas === 0 && only !== undefined ? only : values;
  }

  private dict(depth: number): PythonValue {
    this.at++;
    const entries: [string, PythonValue][] = [];
    for (;;) {
      this.skipSpace();
      if (this.take('}')) return Object.fromEntries(entries);
      const key = this.value(depth + 1);
      this.skipSpace();
      if (!this.take(':')) throw this.error('no colon after a key');
      entries.push([String(key), this.value(depth + 1)]);
      this.skipSpace();
      if (!this.take(',') && this.text[this.at] !== '}') throw this.error('no comma and no }');
    }
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private stringStart(): RegExpExecArray | undefined {
    const start = /([uUrR]?)('''|"""|'|")/y;
    start.lastIndex = this.at;
    return start.exec(this.text) ?? undefined;
  }

  /** Strings that follow each other are one. */
  private strings(): string {
    let value = '';
    for (let start = this.stringStart(); start !== undefined; start = this.stringStart()) {
      this.at += start[0].length;
      value += this.oneString(start[2] ?? '', start[1]?.toLowerCase() === 'r');
      this.skipSpace();
    }
    return value;
  }

  private oneString(quote: string, raw: boolean): string {
    const start = this.at;
    let end = start;
    while (!this.text.startsWith(quote, end)) {
      if (end >= this.text.length) throw this.error('a string without an end');
      end += this.text[end] === '\\' ? 2 : 1;
    }
    this.at = end + quote.length;
    const body = this.text.slice(start, end);
    return raw ? body : unescapePython(body);
  }
}

const ESCAPE = /\\(?:\r?\n|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[0-7]{1,3}|[\\'"abfnrtv])/g;
const CONTROL: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/**
 * Escapes of a Python string resolved; everything else stays, also characters beyond ASCII (decoding such text as bytes would garble it) and escapes that Python does not know.
 */
export function unescapePython(text: string): string {
  return text.replace(ESCAPE, (sequence) => {
    const kind = sequence[1] ?? '';
    if (kind === '\n' || kind === '\r') return '';
    if ('uUx'.includes(kind)) return characterOf(Number.parseInt(sequence.slice(2), 16), sequence);
    if (/[0-7]/.test(kind)) return String.fromCharCode(Number.parseInt(sequence.slice(1), 8));
    return CONTROL[kind] ?? sequence;
  });
}

function characterOf(code: number, sequence: string): string {
  if (code > 0x10ffff) return sequence;
  // Two escapes of a surrogate pair come one after the other: as code units they join again.
  return code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code);
}
