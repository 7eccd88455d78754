/**
 * Executed lines from V8's coverage, as Node writes it (`NODE_V8_COVERAGE`; format: `Profiler.FunctionCoverage` of the DevTools protocol): per function nested ranges of offsets in UTF-16 units, of which the
 * innermost says how often it ran. Pure.
 */
import type { ExecutedLines } from './executed-lines.ts';

export interface V8Function {
  functionName: string;
  ranges: readonly { startOffset: number; endOffset: number; count: number }[];
}

const NOT_RUN = 0;
const AT_IMPORT = 1;
const IN_FUNCTION = 2;

/**
 * `functions` of one script whose text is `source`. Where the script is not the file as it lies there (a runner has translated or wrapped it) its offsets mean nothing: then every line counts as run at import.
 */
export function v8Lines(functions: readonly V8Function[], source: string): ExecutedLines {
  const lines = { inFunctions: new Set<number>(), atImport: new Set<number>() };
  const whole = functions.find(({ ranges }) => ranges[0]?.startOffset === 0)?.ranges[0];
  const texts = source.split('\n');
  if (whole?.endOffset !== source.length) {
    texts.forEach((_, at) => {
      lines.atImport.add(at + 1);
    });
    return lines;
  }
  const runs = runsOf(functions, source.length);
  let start = 0;
  texts.forEach((text, at) => {
    const kinds = new Set([...text].length === 0 ? [] : characterRuns(text, start, runs));
    if (kinds.has(IN_FUNCTION)) lines.inFunctions.add(at + 1);
    else if (kinds.has(AT_IMPORT)) lines.atImport.add(at + 1);
    start += text.length + 1;
  });
  return lines;
}

/** How each character ran, white space left out. */
function characterRuns(text: string, start: number, runs: Uint8Array): number[] {
  return Array.from({ length: text.length }, (_, at) => at)
    .filter((at) => text[at]?.trim() !== '')
    .map((at) => runs[start + at] ?? NOT_RUN);
}

/** Paints ranges over each other, the inner ones last. */
function runsOf(functions: readonly V8Function[], length: number): Uint8Array {
  const ranges = functions.flatMap((one) => {
    const isModule = one.functionName === '' && one.ranges[0]?.startOffset === 0 && one.ranges[0].endOffset === length;
    const kind = isModule ? AT_IMPORT : IN_FUNCTION;
    return one.ranges.map((range) => ({ ...range, kind: range.count > 0 ? kind : NOT_RUN }));
  });
  ranges.sort((a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset));
  const runs = new Uint8Array(length);
  for (const { startOffset, endOffset, kind } of ranges) runs.fill(kind, startOffset, endOffset);
  return runs;
}
