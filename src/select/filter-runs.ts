import { AssayError, type RunRecord } from '../contracts/index.ts';
import { instancePattern } from '../dataset/filter-instances.ts';

export interface RunFilter {
  /** Ids as in `assay run -i`; any may match, and each must match something. None: all instances. */
  instances: readonly string[];
  /** At most this many, in the order of the runs. */
  limit?: number | undefined;
}

/** The runs with what they have of these instances alone. Throws `instance-not-found` for a pattern without a match, `usage` for one that cannot be read. Pure. */
export function filterRuns(runs: readonly RunRecord[], { instances, limit }: RunFilter): RunRecord[] {
  const known = [...new Set(runs.flatMap(({ attempts }) => attempts.map(({ instanceId }) => instanceId)))];
  const patterns = instances.map((text) => ({ text, matches: instancePattern(text) }));
  for (const { text, matches } of patterns) {
    if (known.some(matches)) continue;
    throw new AssayError('instance-not-found', `no instance of these runs matches ${text}`, {
      class: 'input',
      retryable: false,
      hint: `There are: ${known.slice(0, 20).join(', ')}${known.length > 20 ? ` and ${known.length - 20} more` : ''}.`,
    });
  }
  const chosen = known.filter((id) => patterns.length === 0 || patterns.some(({ matches }) => matches(id)));
  const kept = new Set(chosen.slice(0, limit));
  return runs.map((run) => ({
    ...run,
    manifest: {
      ...run.manifest,
      dataset: {
        ...run.manifest.dataset,
        instances: run.manifest.dataset.instances.filter(({ instanceId }) => kept.has(instanceId)),
      },
    },
    attempts: run.attempts.filter(({ instanceId }) => kept.has(instanceId)),
  }));
}
