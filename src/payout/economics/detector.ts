/**
 * Who looks at an attempt and accepts or rejects it, what a look costs, and what several attempts one after another come to. Pure.
 * Worked example: docs/payouts.md.
 */

export interface Detector {
  /** Dollars for looking at one attempt. */
  reviewUsd: number;
  /** Probability that a wrong attempt is accepted. */
  falseAccept: number;
  /** Probability that a right attempt is rejected. */
  falseReject: number;
}

export interface Sequence {
  /** Expected number of attempts made and looked at. */
  tries: number;
  /** Probability that it ends with a right attempt accepted. */
  trueAccept: number;
  /** Probability that it ends with a wrong attempt accepted. */
  falseAccept: number;
}

/**
 * At most k attempts, drawn without replacement from the n that were made (c of them right), until one is accepted. For a detector without errors `trueAccept` is
 * the unbiased pass@k. Throws a RangeError unless 1 <= k <= n.
 */
export function untilAccepted(n: number, c: number, k: number, detector: Detector): Sequence {
  if (k < 1 || k > n) throw new RangeError(`k = ${k} is not between 1 and the ${n} attempts`);
  const { falseAccept: a, falseReject: j } = detector;
  const sequence: Sequence = { tries: 0, trueAccept: 0, falseAccept: 0 };
  // weights[m]: probability that all draws so far were rejected and m of them were right.
  let weights = [1];
  for (let drawn = 0; drawn < k; drawn++) {
    const next = Array.from({ length: drawn + 2 }, () => 0);
    weights.forEach((weight, right) => {
      if (weight === 0) return;
      const drawRight = (c - right) / (n - drawn);
      sequence.tries += weight;
      sequence.trueAccept += weight * drawRight * (1 - j);
      sequence.falseAccept += weight * (1 - drawRight) * a;
      next[right + 1] = (next[right + 1] ?? 0) + weight * drawRight * j;
      next[right] = (next[right] ?? 0) + weight * (1 - drawRight) * (1 - a);
    });
    weights = next;
  }
  return sequence;
}

/**
 * Probability of a right attempt above which one attempt pays: a right one that is accepted saves the price, a wrong one that is accepted
 * loses it (the work is paid for after all, and the damage is put at the price once more).
 */
export function breakEvenProbability(price: number, costUsd: number, detector: Detector): number {
  const { reviewUsd, falseAccept, falseReject } = detector;
  return ((costUsd + reviewUsd) / price + falseAccept) / (1 - falseReject + falseAccept);
}

/** Price above which one attempt pays; infinite when no price is high enough. */
export function breakEvenPrice(probability: number, costUsd: number, detector: Detector): number {
  const worth = probability * (1 - detector.falseReject) - (1 - probability) * detector.falseAccept;
  return worth > 0 ? (costUsd + detector.reviewUsd) / worth : Number.POSITIVE_INFINITY;
}
