/** How good scores and probabilities are. Pure. */

/** Chance that a random positive scores above a random negative, ties half: the Mann-Whitney statistic. NaN without both kinds. */
export function auc(scores: readonly number[], outcomes: readonly boolean[]): number {
  const order = scores.map((score, i) => ({ score, positive: outcomes[i] === true })).sort((a, b) => a.score - b.score);
  const positives = order.filter(({ positive }) => positive).length;
  const negatives = order.length - positives;
  let ranks = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && order[to]?.score === order[from]?.score) to++;
    const middle = (from + 1 + to) / 2;
    ranks += middle * order.slice(from, to).filter(({ positive }) => positive).length;
    from = to;
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Mean squared difference of probability and outcome; 0 is best. Source: Brier (1950). */
export function brier(probabilities: readonly number[], outcomes: readonly boolean[]): number {
  return mean(probabilities.map((p, i) => (p - Number(outcomes[i] === true)) ** 2));
}

/** Mean distance of predicted and seen rate over ten bins with equally many rows, weighted by rows. Source: Naeini et al. (2015), with equal-mass bins. */
export function expectedCalibrationError(
  probabilities: readonly number[],
  outcomes: readonly boolean[],
  bins = 10,
): number {
  const sorted = probabilities.map((p, i) => ({ p, outcome: Number(outcomes[i] === true) })).sort((a, b) => a.p - b.p);
  let error = 0;
  for (let bin = 0; bin < bins; bin++) {
    const members = sorted.slice(
      Math.floor((bin * sorted.length) / bins),
      Math.floor(((bin + 1) * sorted.length) / bins),
    );
    if (members.length === 0) continue;
    error += members.length * Math.abs(mean(members.map(({ p }) => p)) - mean(members.map(({ outcome }) => outcome)));
  }
  return error / sorted.length;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
