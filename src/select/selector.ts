/** Ways of choosing one of several attempts, as curves compare them. */
import { expectedBestOfK, meanOverSubsets } from '../stats/best-of-k.ts';
import { passAtK } from '../stats/intervals.ts';
import { chooseCandidate, type Decider } from './choose-candidate.ts';
import type { CurveAttempt } from './curve-attempt.ts';
import { majorityAmong } from './majority-vote.ts';

export interface Selector {
  /** Names its curve. */
  readonly name: string;
  /** Mean chance that the chosen one of `k` attempts resolves the instance, over all subsets of `k` of these attempts (in the order in which they were made). NaN for too few. */
  expected(attempts: readonly CurveAttempt[], k: number): number;
}

/** Chooses the attempt with the highest value; ties, and attempts without a value after all others, in the order in which they were made. */
export function rankedSelector(name: string, value: (attempt: CurveAttempt) => number | null): Selector {
  return {
    name,
    expected(attempts, k) {
      const ranked = attempts
        .map((one) => ({
          outcome: Number(one.resolved),
          value: value(one) ?? Number.NEGATIVE_INFINITY,
          at: one.attempt,
        }))
        .sort((a, b) => (a.value === b.value ? a.at - b.at : b.value - a.value));
      return expectedBestOfK(
        ranked.map((one) => one.outcome),
        k,
      );
    },
  };
}

export function criticSelector(critic: string): Selector {
  return rankedSelector(critic, (attempt) => attempt.scores[critic] ?? null);
}

/** Any of k resolves: the unbiased estimate, by counting alone. */
export const passSelector: Selector = {
  name: 'pass',
  expected: (attempts, k) => passAtK(attempts.length, attempts.filter((one) => one.resolved).length, k),
};

/** Chooses by the verdict: nothing can do better, and it equals `pass`. */
export const oracleSelector: Selector = rankedSelector('oracle', (attempt) => Number(attempt.resolved));

/** Any of k with the same chance: more attempts do not help. */
export const randomSelector: Selector = {
  name: 'random',
  expected: (attempts, k) =>
    k > attempts.length ? Number.NaN : attempts.filter((one) => one.resolved).length / attempts.length,
};

/** The three that know nothing but the order and the length of attempts. */
export const plainSelectors: readonly Selector[] = [
  rankedSelector('first', ({ attempt }) => -attempt),
  rankedSelector('last', ({ attempt }) => attempt),
  rankedSelector('shortest', ({ steps }) => -steps),
];

/** The most frequent patch, after normalisation. */
export const majoritySelector: Selector = {
  name: 'majority',
  expected: (attempts, k) => {
    const winner = majorityAmong(attempts);
    return meanOverSubsets(attempts.length, k, (subset) => Number(attempts[winner(subset) ?? -1]?.resolved === true));
  },
};

/** All of a selection: filters by tests, then votes or scores. */
export function wholeSelector(name: string, decider: Decider): Selector {
  return {
    name,
    expected: (attempts, k) =>
      meanOverSubsets(attempts.length, k, (subset) => {
        const { winner } = chooseCandidate(
          subset.flatMap((index) => attempts[index] ?? []),
          decider,
        );
        return Number(attempts.some((one) => one === winner && one.resolved));
      }),
  };
}
