/** Instances grouped for intervals: by repository where there are enough of them, else each for itself. */
import { clusterBootstrap, type RatioScale } from '../stats/cluster-bootstrap.ts';
import type { Interval } from '../stats/intervals.ts';

export interface InstanceClusters {
  readonly by: 'repository' | 'instance';
  readonly count: number;
  /** Mean over instances, each counting once. */
  mean(values: readonly number[], scale: RatioScale): Interval;
  /** Sum of the parts by the sum of the wholes, one of each per instance. */
  ratio(parts: readonly number[], wholes: readonly number[]): Interval;
}

/** Fewer repositories than this make intervals that say little. */
const FEW_REPOSITORIES = 5;

/** `repos` names the repository of each instance; values are given in the same order. */
export function instanceClusters(
  repos: readonly string[],
  options: { resamples?: number | undefined; seed?: number | undefined } = {},
): InstanceClusters {
  const names = [...new Set(repos)];
  const byRepository = names.length >= FEW_REPOSITORIES;
  const index = new Map(names.map((repo, i) => [repo, i]));
  const clusterAt = repos.map((repo, i) => (byRepository ? (index.get(repo) ?? 0) : i));
  const count = byRepository ? names.length : repos.length;
  const bootstrap = clusterBootstrap(count, options.resamples, options.seed);
  const sums = (numerators: readonly number[], denominators: readonly number[]) => {
    const clusters = Array.from({ length: count }, () => ({ numerator: 0, denominator: 0 }));
    clusterAt.forEach((cluster, i) => {
      const sum = clusters[cluster];
      if (sum === undefined) return;
      sum.numerator += numerators[i] ?? 0;
      sum.denominator += denominators[i] ?? 0;
    });
    return clusters;
  };
  const ones = repos.map(() => 1);
  return {
    by: byRepository ? 'repository' : 'instance',
    count,
    mean: (values, scale) => bootstrap.interval(sums(values, ones), scale),
    ratio: (parts, wholes) => bootstrap.interval(sums(parts, wholes), 'plain'),
  };
}
