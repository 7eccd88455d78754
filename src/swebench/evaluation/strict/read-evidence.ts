/** The lines that the evidence module wrote. */

export interface Evidence {
  /** Processes that started, in order; true when they also ended by themselves. */
  processes: Map<string, boolean>;
  /** pytest sessions that came to their end. */
  finished: number;
  /** Tests of which every phase passed (or failed as expected). */
  passed: number;
  /** As the runner prints them: tests that failed, where no other of that name passed. */
  failed: string[];
  /** Functions of the runner that something replaced while tests ran. */
  changed: string[];
  /** Source files of the code under test that read tests. */
  readers: string[];
  /** Source files of the work tree, tests apart, with hooks of the runner. */
  hooks: string[];
}

/** Lines without the secret are somebody else's. */
export function readEvidence(text: string, secret: string): Evidence {
  const processes = new Map<string, boolean>();
  const outcomes = new Map<string, boolean>();
  const changed = new Set<string>();
  const readers = new Set<string>();
  const hooks = new Set<string>();
  let finished = 0;
  for (const line of text.split('\n')) {
    const [head, pid = '', word, ...rest] = line.split(' ');
    if (head !== secret) continue;
    if (word === 'start' && !processes.has(pid)) processes.set(pid, false);
    else if (word === 'end') processes.set(pid, true);
    else if (word === 'finish') finished++;
    else if (word === 'changed') changed.add(rest.join(' '));
    else if (word === 'read') readers.add(rest.join(' '));
    else if (word === 'hook') hooks.add(rest.join(' '));
    else if (word === 'test') {
      const [outcome, when, ...id] = rest;
      const name = id.join(' ');
      const good = outcome === 'passed' || outcome === 'xfail';
      if (when === 'call' || !good) outcomes.set(name, (outcomes.get(name) ?? true) && good);
    }
  }
  const named = (wanted: boolean) =>
    [...outcomes].filter(([, good]) => good === wanted).map(([name]) => name.split('\t').at(-1) ?? name);
  const passed = named(true);
  const good = new Set(passed);
  const failed = named(false).filter((name) => !good.has(name));
  return {
    processes,
    finished,
    passed: passed.length,
    failed,
    changed: [...changed],
    readers: [...readers],
    hooks: [...hooks],
  };
}
