/** Which runs of another tool are repeats of one set-up. Pure. */

export interface Setup {
  /** What the names of its runs have in common. */
  name: string;
  model: string;
  /** In the order of their numbers: attempts 1, 2, ... */
  runs: string[];
}

/** Runs of one model whose names differ only in the number at their end (`run-1`, `run-2`; `1`, `2`, `3`) are repeats of one set-up; every other run is a set-up of its own. */
export function groupSetups(runs: readonly { run: string; model: string }[]): Setup[] {
  const stems = new Map<string, { model: string; stem: string; names: Set<string> }>();
  for (const { run, model } of runs) {
    const stem = stemOf(run);
    const key = JSON.stringify([model, stem]);
    const known = stems.get(key) ?? { model, stem, names: new Set() };
    stems.set(key, { ...known, names: known.names.add(run) });
  }
  return [...stems.values()].map(({ model, stem, names }) => {
    const sorted = [...names].sort((a, b) => numberOf(a) - numberOf(b) || (a < b ? -1 : 1));
    const [only = ''] = sorted;
    return { name: sorted.length > 1 ? stem.replace(/[-_.]+$/, '') : only, model, runs: sorted };
  });
}

/** Names of run folders, in the order of the set-ups; those that would be the same get the model, and a number where that is not enough. */
export function runIds(prefix: string, setups: readonly Setup[]): string[] {
  const plain = (parts: readonly string[]) =>
    parts
      .filter((part) => part !== '')
      .join('-')
      .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 100) || 'imported';
  const taken = new Set<string>();
  const first = setups.map(({ name }) => plain([prefix, name]));
  return setups.map(({ name, model }, at) => {
    const isShared = first.filter((one) => one === first[at]).length > 1;
    const wanted = isShared ? plain([prefix, name, model]) : (first[at] ?? '');
    let id = wanted;
    for (let number = 2; taken.has(id); number++) id = `${wanted.slice(0, 95)}-${number}`;
    taken.add(id);
    return id;
  });
}

function stemOf(run: string): string {
  return run.replace(/\d{1,3}$/, '');
}

function numberOf(run: string): number {
  return Number(/\d{1,3}$/.exec(run)?.[0] ?? 0);
}
