/** Which test files execute what patches change. Pure. */
import type { Execution } from './executed-lines.ts';
import type { Span } from './touched-lines.ts';

export interface MeasuredTests {
  /** Path of the test file. */
  file: string;
  execution: Execution;
}

/** A patch seldom changes exactly the line that a test runs: so far away counts. */
const NEAR = 3;

/**
 * Test files that execute a line near a change, those that reach the most changes first, else in the order given. A change in a function counts for tests that run lines of a function there; only one that nobody's
 * functions reach (a constant, an import) counts for all that load its module.
 */
export function rankByCoverage(
  measured: readonly MeasuredTests[],
  touched: ReadonlyMap<string, readonly Span[]>,
): string[] {
  const reached = new Map<string, number>();
  for (const [path, spans] of touched) {
    for (const span of spans) {
      const inFunctions = measured.filter(({ execution }) => hasNear(execution.get(path)?.inFunctions, span));
      const reaching =
        inFunctions.length > 0
          ? inFunctions
          : measured.filter(({ execution }) => hasNear(execution.get(path)?.atImport, span));
      for (const { file } of reaching) reached.set(file, (reached.get(file) ?? 0) + 1);
    }
  }
  return measured
    .map(({ file }) => ({ file, changes: reached.get(file) ?? 0 }))
    .filter(({ changes }) => changes > 0)
    .sort((a, b) => b.changes - a.changes)
    .map(({ file }) => file);
}

function hasNear(lines: ReadonlySet<number> | undefined, { from, to }: Span): boolean {
  if (lines === undefined) return false;
  for (let line = from - NEAR; line <= to + NEAR; line++) if (lines.has(line)) return true;
  return false;
}
