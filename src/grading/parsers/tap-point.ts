/** One test point of TAP (`ok 1 - name # SKIP`), version 12 to 14. Format: testanything.org. */
import type { TestStatus } from '../../contracts/index.ts';

export interface TapPoint {
  indent: number;
  number: number | undefined;
  /** Description without directive, escapes undone. */
  name: string;
  status: TestStatus;
}

const POINT = /^( *)(not ok|ok)\b(?: +(\d+)(?=\s|$))?(?: +-(?=\s|$))?(?: +(.*))?$/;
/** A directive begins with an unescaped `#` after white space; names may hold `\#` and `\\`. */
const DIRECTIVE = /(?:^|\s)(?<!\\)#\s*(SKIP|TODO)\b.*$/i;

export function parseTapPoint(line: string): TapPoint | undefined {
  const match = POINT.exec(line);
  if (match === null) return undefined;
  const [, indent = '', word, number, text = ''] = match;
  const directive = DIRECTIVE.exec(text);
  const described = directive === null ? text : text.slice(0, directive.index);
  return {
    indent: indent.length,
    number: number === undefined ? undefined : Number(number),
    name: described.replace(/\\([#\\])/g, '$1').trim(),
    status: statusOf(word === 'ok', directive?.[1]?.toUpperCase()),
  };
}

/** A test that is to do may fail without being a failure: that is what its author expects. */
function statusOf(ok: boolean, directive: string | undefined): TestStatus {
  if (directive === 'SKIP') return 'SKIPPED';
  if (directive === 'TODO') return ok ? 'PASSED' : 'XFAIL';
  return ok ? 'PASSED' : 'FAILED';
}
