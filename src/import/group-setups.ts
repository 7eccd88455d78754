/** Which runs of another tool are repeats of one set-up. Pure. */

/**
 * Runs of one model whose names differ only in the number at their end (`run-1`, `run-2`; `1`, `2`, `3`) are attempts 1, 2, ... of one set-up; every other run is a set-up of
 * its own. Returns set-up name to its runs, in the order of their numbers.
 */
export function groupSetups(runs: readonly { run: string; model: string }[]): Map<string, string[]> {
  const stems = new Map<string, Set<string>>();
  for (const { run, model } of runs) {
    const key = `${model}\0${stemOf(run)}`;
    stems.set(key, (stems.get(key) ?? new Set()).add(run));
  }
  const setups = new Map<string, string[]>();
  for (const [key, names] of stems) {
    const sorted = [...names].sort((a, b) => numberOf(a) - numberOf(b) || (a < b ? -1 : 1));
    const stem = key.slice(key.indexOf('\0') + 1);
    if (sorted.length > 1) setups.set(stem.replace(/[-_.]+$/, ''), sorted);
    else for (const name of sorted) setups.set(name, [name]);
  }
  return setups;
}

function stemOf(run: string): string {
  return run.replace(/\d{1,3}$/, '');
}

function numberOf(run: string): number {
  return Number(/\d{1,3}$/.exec(run)?.[0] ?? 0);
}
