/** Which runs can stand together. */
import { AssayError, type RunRecord } from '../contracts/index.ts';

/** No attempt counts twice: throws `config-invalid` for a run that is named more than once, under whatever name. */
export function checkNamedOnce(runs: readonly RunRecord[]): void {
  const ids = runs.map(({ manifest }) => manifest.runId);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice === undefined) return;
  throw new AssayError('config-invalid', `the run ${twice} is named twice: its attempts would count twice`, {
    class: 'input',
    retryable: false,
    hint: 'Name each run once.',
  });
}

/** Attempts at different tasks with the same name cannot be pooled, and none counts twice: throws `config-invalid`. */
export function checkPool(runs: readonly RunRecord[]): void {
  checkNamedOnce(runs);
  const digests = new Map<string, string>();
  for (const { manifest } of runs) {
    for (const { instanceId, digest } of manifest.dataset.instances) {
      const known = digests.get(instanceId) ?? digest;
      digests.set(instanceId, digest);
      if (known === digest) continue;
      throw new AssayError('config-invalid', `${instanceId} is not the same task in all of these runs`, {
        class: 'input',
        retryable: false,
        hint: 'Select over runs of one version of a dataset.',
      });
    }
  }
}

/** What a reader of the pooled figures has to know: sets of tasks that no run leads over from one to the other. */
export function poolWarnings(runs: readonly RunRecord[]): string[] {
  const groups: { references: Set<string>; instances: Set<string> }[] = [];
  for (const { manifest } of runs) {
    const own = {
      references: new Set([manifest.dataset.reference]),
      instances: new Set(manifest.dataset.instances.map(({ instanceId }) => instanceId)),
    };
    // Runs over parts of one set belong together, and so do runs that share an instance.
    const met = groups.filter(
      (one) => one.references.has(manifest.dataset.reference) || [...own.instances].some((id) => one.instances.has(id)),
    );
    for (const one of met) {
      for (const reference of one.references) own.references.add(reference);
      for (const id of one.instances) own.instances.add(id);
      groups.splice(groups.indexOf(one), 1);
    }
    groups.push(own);
  }
  if (groups.length < 2) return [];
  const names = groups.map(({ references }) => [...references].sort().join(' with ')).sort();
  return [
    `these runs are over different sets of tasks (${names.join('; ')}): nothing is chosen between them, and the curves are a mean over all`,
  ];
}
