import { AssayError, type RunRecord } from '../contracts/index.ts';

/** Attempts at different tasks with the same name cannot be pooled, and none counts twice: throws `config-invalid`. */
export function checkPool(runs: readonly RunRecord[]): void {
  refuseTwice(runs);
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

/** Throws `config-invalid` when the same run is given more than once, by whatever name. */
export function refuseTwice(runs: readonly RunRecord[]): void {
  const ids = runs.map(({ manifest }) => manifest.runId);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice === undefined) return;
  throw new AssayError('config-invalid', `the run ${twice} is named twice: its attempts would count twice`, {
    class: 'input',
    retryable: false,
    hint: 'Name each run once.',
  });
}
