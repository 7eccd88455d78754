/** Which files are parsed, and by what. */

import type { Parser } from '@lezer/common';
import { parser as javascript } from '@lezer/javascript';
import { parser as python } from '@lezer/python';

export interface Grammar {
  language: 'python' | 'javascript';
  parser: Parser;
}

const jsx = javascript.configure({ dialect: 'jsx' });
const typescript = javascript.configure({ dialect: 'ts' });
const tsx = javascript.configure({ dialect: 'ts jsx' });

const BY_ENDING: Readonly<Record<string, Grammar>> = {
  py: { language: 'python', parser: python },
  pyi: { language: 'python', parser: python },
  js: { language: 'javascript', parser: jsx },
  mjs: { language: 'javascript', parser: jsx },
  cjs: { language: 'javascript', parser: jsx },
  jsx: { language: 'javascript', parser: jsx },
  ts: { language: 'javascript', parser: typescript },
  mts: { language: 'javascript', parser: typescript },
  cts: { language: 'javascript', parser: typescript },
  tsx: { language: 'javascript', parser: tsx },
};

/** Undefined for languages without a parser here. */
export function grammarOf(path: string): Grammar | undefined {
  return BY_ENDING[/\.([a-z]+)$/.exec(path)?.[1] ?? ''];
}
