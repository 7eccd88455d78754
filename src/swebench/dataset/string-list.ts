/** Lists of strings as data sets hold them: arrays, or text of one in JSON or (SWE-bench Pro) as Python prints it. */
import { parsePythonLiteral } from '../../base/python-literal.ts';

/** Undefined when it is something else. */
export function stringList(value: unknown): string[] | undefined {
  const list = typeof value === 'string' ? parseText(value) : value;
  return Array.isArray(list) && list.every((one) => typeof one === 'string') ? list : undefined;
}

function parseText(text: string): unknown {
  for (const parse of [JSON.parse, parsePythonLiteral]) {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return undefined;
}
