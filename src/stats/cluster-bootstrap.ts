/**
 * 95 % intervals for ratios of sums over clusters (repositories): the units of one cluster may depend on each other in any way, clusters do not. Symmetric studentised
 * bootstrap over whole clusters: |t*| = |ratio* - ratio| / se* of resamples gives the critical value in place of the normal quantile, which keeps the coverage with few and
 * unequal clusters (figures in docs/selection.md). Sources: Hall (1992), The Bootstrap and Edgeworth Expansion, 3.10; Cochran (1977), Sampling Techniques, 6.4 for the
 * linearised standard error of a ratio. Pure; the same seed gives the same intervals.
 */
import { type Interval, wilson } from './intervals.ts';
import { seededRandom } from './seeded-random.ts';

/** Sums over the units of one cluster. For a mean over units the denominator counts them. */
export interface ClusterSums {
  numerator: number;
  denominator: number;
}

/** `rate` lies in [0, 1] and is treated on the logit scale; `plain` is any real number. */
export type RatioScale = 'rate' | 'plain';

export interface ClusterBootstrap {
  readonly clusters: number;
  /** The ratio of the sums with its interval; all calls share the resamples. `sums` has one entry per cluster. */
  interval(sums: readonly ClusterSums[], scale: RatioScale): Interval;
}

const LEVEL = 0.95;

export function clusterBootstrap(clusters: number, resamples = 1_000, seed = 1): ClusterBootstrap {
  const counts = drawCounts(clusters, resamples, seed);
  return {
    clusters,
    interval(sums, scale) {
      const numerators = Float64Array.from(sums, (one) => one.numerator);
      const denominators = Float64Array.from(sums, (one) => one.denominator);
      const estimate = ratioOf(numerators, denominators);
      if (clusters < 2)
        return scale === 'rate' ? { value: estimate.value, low: 0, high: 1 } : unbounded(estimate.value);
      const { transform, back, slope } = SCALES[scale];
      if (scale === 'rate' && estimate.error === 0) return wilsonOfClusters(estimate.value, clusters);
      const centre = transform(estimate.value);
      const deviations: number[] = [];
      for (let at = 0; at < counts.length; at += clusters) {
        const drawn = ratioOf(numerators, denominators, counts.subarray(at, at + clusters));
        if (drawn.error > 0)
          deviations.push(Math.abs(transform(drawn.value) - centre) / (drawn.error * slope(drawn.value)));
        else if (scale === 'rate') deviations.push(Number.POSITIVE_INFINITY);
      }
      const critical = upperQuantile(deviations);
      if (critical === Number.POSITIVE_INFINITY) return wilsonOfClusters(estimate.value, clusters);
      const half = critical * estimate.error * slope(estimate.value);
      return { value: estimate.value, low: back(centre - half), high: back(centre + half) };
    },
  };
}

/** How often each cluster is in each resample, resample after resample. */
function drawCounts(clusters: number, resamples: number, seed: number): Int32Array {
  const random = seededRandom(seed);
  const counts = new Int32Array(clusters * resamples);
  for (let at = 0; at < counts.length; at += clusters) {
    for (let i = 0; i < clusters; i++) {
      const cell = at + random.below(clusters);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  return counts;
}

/** The ratio and its linearised standard error, clusters counted as often as `counts` says (once when not given). Rounding noise is no error. */
function ratioOf(
  numerators: Float64Array,
  denominators: Float64Array,
  counts?: Int32Array,
): { value: number; error: number } {
  const size = numerators.length;
  let [top, bottom] = [0, 0];
  for (let i = 0; i < size; i++) {
    const count = counts?.[i] ?? 1;
    top += count * (numerators[i] ?? 0);
    bottom += count * (denominators[i] ?? 0);
  }
  const value = top / bottom;
  let squares = 0;
  for (let i = 0; i < size; i++) {
    const residual = (numerators[i] ?? 0) - value * (denominators[i] ?? 0);
    squares += (counts?.[i] ?? 1) * residual * residual;
  }
  const error = Math.sqrt((squares * size) / (size - 1)) / Math.abs(bottom);
  return { value, error: error > 1e-12 * Math.max(1, Math.abs(value)) ? error : 0 };
}

const SCALES = {
  rate: {
    transform: (rate: number) => Math.log(rate / (1 - rate)),
    back: (logit: number) => 1 / (1 + Math.exp(-logit)),
    slope: (rate: number) => 1 / (rate * (1 - rate)),
  },
  plain: { transform: (value: number) => value, back: (value: number) => value, slope: () => 1 },
} as const;

/** Too little varies for resampling to say anything: as many trials as clusters, which is less than was seen. */
function wilsonOfClusters(rate: number, clusters: number): Interval {
  return wilson(rate * clusters, clusters);
}

function unbounded(value: number): Interval {
  return { value, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
}

/** The value that `LEVEL` of them do not exceed; 0 for none, when nothing varies. */
function upperQuantile(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.ceil(LEVEL * (values.length + 1)) - 1)] ?? 0;
}
