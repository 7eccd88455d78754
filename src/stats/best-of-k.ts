/** What choosing among k of n attempts yields on average over all subsets, without drawing any where a closed form exists. Pure. */
import { seededRandom } from './seeded-random.ts';

/**
 * Chance that the attempt of each rank (0 is best) is the best in a random subset of `k` out of `n`: C(n - 1 - rank, k - 1) / C(n, k). The ranks are strict: whoever ranks breaks ties.
 * For k > n there is no such subset: NaN.
 */
export function bestOfKWeights(n: number, k: number): number[] {
  if (k > n) return Array.from({ length: n }, () => Number.NaN);
  // weight(0) = k / n, weight(r + 1) = weight(r) * (n - r - k) / (n - r - 1)
  const weights: number[] = [];
  let weight = k / n;
  for (let rank = 0; rank < n; rank++) {
    weights.push(weight);
    weight *= rank + 1 < n ? Math.max(0, n - rank - k) / (n - rank - 1) : 0;
  }
  return weights;
}

/** Mean outcome of the best-ranked of k, over all subsets; `outcomes` from best rank to worst. */
export function expectedBestOfK(outcomes: readonly number[], k: number): number {
  return bestOfKWeights(outcomes.length, k).reduce((sum, weight, rank) => sum + weight * (outcomes[rank] ?? 0), 0);
}

/** Up to this many subsets are enumerated; above, as many are drawn. */
const MAX_SUBSETS = 2_000;

/**
 * Mean of `value` over the subsets of `k` of the indexes 0 .. n - 1, each in ascending order: over all of them when there are at most 2,000, else over 2,000 drawn with the seed.
 * NaN for k > n.
 */
export function meanOverSubsets(n: number, k: number, value: (subset: readonly number[]) => number, seed = 1): number {
  if (k > n) return Number.NaN;
  let [sum, count] = [0, 0];
  const add = (subset: readonly number[]) => {
    sum += value(subset);
    count++;
  };
  if (subsetCount(n, k) <= MAX_SUBSETS) eachSubset(n, k, add);
  else {
    const random = seededRandom(seed);
    for (let i = 0; i < MAX_SUBSETS; i++) add(drawSubset(n, k, random.below));
  }
  return sum / count;
}

function subsetCount(n: number, k: number): number {
  let count = 1;
  for (let i = 1; i <= k; i++) count = (count * (n - k + i)) / i;
  return count;
}

function eachSubset(n: number, k: number, visit: (subset: readonly number[]) => void): void {
  const subset = Array.from({ length: k }, (_, i) => i);
  for (;;) {
    visit(subset);
    let at = k - 1;
    while (at >= 0 && subset[at] === n - k + at) at--;
    if (at < 0) return;
    let next = (subset[at] ?? 0) + 1;
    for (let i = at; i < k; i++) subset[i] = next++;
  }
}

/** Floyd's algorithm (Bentley and Floyd 1987): k distinct numbers, each subset equally likely. */
function drawSubset(n: number, k: number, below: (n: number) => number): number[] {
  const chosen = new Set<number>();
  for (let last = n - k; last < n; last++) {
    const one = below(last + 1);
    chosen.add(chosen.has(one) ? last : one);
  }
  return [...chosen].sort((a, b) => a - b);
}
