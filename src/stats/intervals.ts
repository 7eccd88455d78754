/** Intervals and tests for proportions. Pure. */

/** 97.5 % quantile of the standard normal distribution. */
const Z95 = 1.959963984540054;

export interface Interval {
  value: number;
  low: number;
  high: number;
}

/** Wilson score interval of `successes` out of `total`, 95 % by default. Source: Wilson (1927), JASA 22, eq. for the score interval without continuity correction. [0, 1] when total is 0. */
export function wilson(successes: number, total: number, z: number = Z95): Interval {
  if (total === 0) return { value: 0, low: 0, high: 1 };
  const p = successes / total;
  const denominator = 1 + z ** 2 / total;
  const centre = (p + z ** 2 / (2 * total)) / denominator;
  const half = (z / denominator) * Math.sqrt((p * (1 - p)) / total + z ** 2 / (4 * total ** 2));
  // Exact at the ends, where rounding would leave a trace of something.
  const low = successes === 0 ? 0 : Math.max(0, centre - half);
  return { value: p, low, high: successes === total ? 1 : Math.min(1, centre + half) };
}

/** Difference of two independent proportions, a minus b, 95 %. Source: Newcombe (1998), Statistics in Medicine 17, method 10: from the Wilson limits of both. */
export function newcombe(a: { successes: number; total: number }, b: { successes: number; total: number }): Interval {
  const [first, second] = [wilson(a.successes, a.total), wilson(b.successes, b.total)];
  const value = first.value - second.value;
  return {
    value,
    low: value - Math.hypot(first.value - first.low, second.high - second.value),
    high: value + Math.hypot(first.high - first.value, second.value - second.low),
  };
}

/** Exact two-sided McNemar test: `onlyA` and `onlyB` count the pairs on which just one side succeeded. Binomial with p = 1/2; 1 when there are none. */
export function mcnemarExact(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  if (n === 0) return 1;
  const k = Math.min(onlyA, onlyB);
  let tail = 0;
  for (let i = 0; i <= k; i++) tail += Math.exp(logChoose(n, i) - n * Math.LN2);
  return Math.min(1, 2 * tail);
}

/** Unbiased estimate of pass@k from n samples with c successes: 1 - C(n-c, k) / C(n, k). Source: Chen et al. (2021), arXiv 2107.03374, eq. 1. */
export function passAtK(n: number, c: number, k: number): number {
  if (k > n) return Number.NaN;
  if (n - c < k) return 1;
  return 1 - Math.exp(logChoose(n - c, k) - logChoose(n, k));
}

/**
 * Smallest difference of two paired rates that n pairs show with 80 % power at the 5 % level, for a share `discordant` of pairs on which the two differ.
 * Normal approximation of McNemar's test: (z_0.975 + z_0.8) * sqrt(discordant / n). Source: Connor (1987), Biometrics 43.
 */
export function detectableDifference(pairs: number, discordant: number): number {
  return pairs === 0 ? 1 : Math.min(1, (Z95 + 0.8416212335729143) * Math.sqrt(Math.max(discordant, 1 / pairs) / pairs));
}

function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log(n - k + i) - Math.log(i);
  return sum;
}
