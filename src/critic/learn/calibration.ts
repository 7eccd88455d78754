/** From scores to probabilities. Pure. */
import { z } from 'zod';
import { fitLogistic, sigmoid } from './logistic-regression.ts';

/** `platt`: probability = sigmoid(slope * score + offset). `isotonic`: non-decreasing steps, linear between their middles. */
export const calibrationSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('platt'), slope: z.number(), offset: z.number() }),
  z.object({ kind: z.literal('isotonic'), scores: z.array(z.number()), probabilities: z.array(z.number()) }),
]);
export type Calibration = z.infer<typeof calibrationSchema>;

export function calibrated(calibration: Calibration, score: number): number {
  if (calibration.kind === 'platt') return sigmoid(calibration.slope * score + calibration.offset);
  return interpolate(calibration.scores, calibration.probabilities, score);
}

/**
 * Platt's scaling with his targets (n+ + 1) / (n+ + 2) and 1 / (n- + 2). Source: Platt (1999), Probabilistic outputs for support vector machines. The slope is never negative: a calibration does not turn a ranking round.
 */
export function fitPlatt(scores: readonly number[], outcomes: readonly number[]): Calibration {
  const positives = outcomes.filter((one) => one > 0.5).length;
  const negatives = outcomes.length - positives;
  const [high, low] = [(positives + 1) / (positives + 2), 1 / (negatives + 2)];
  const targets = outcomes.map((one) => (one > 0.5 ? high : low));
  const rows = { x: scores.map((score) => [score]), y: targets, weight: scores.map(() => 1) };
  const { intercept, weights, means, scales } = fitLogistic(rows, { l2: 1e-6 });
  const slope = (weights[0] ?? 0) / (scales[0] ?? 1);
  if (slope > 0) return { kind: 'platt', slope, offset: intercept - slope * (means[0] ?? 0) };
  const rate = targets.reduce((sum, target) => sum + target, 0) / targets.length;
  return { kind: 'platt', slope: 0, offset: Math.log(rate / (1 - rate)) };
}

/** Pool adjacent violators. Source: Zadrozny and Elkan (2002), KDD; Ayer et al. (1955). For many rows; Platt's is steadier with few. */
export function fitIsotonic(scores: readonly number[], outcomes: readonly number[]): Calibration {
  const blocks: Block[] = [];
  for (const block of tiedBlocks(scores, outcomes)) {
    blocks.push(block);
    for (;;) {
      const [last, before] = [blocks.at(-1), blocks.at(-2)];
      if (last === undefined || before === undefined) break;
      if (before.outcomes / before.count < last.outcomes / last.count) break;
      blocks.pop();
      before.scores += last.scores;
      before.outcomes += last.outcomes;
      before.count += last.count;
    }
  }
  return {
    kind: 'isotonic',
    scores: blocks.map((block) => block.scores / block.count),
    probabilities: blocks.map((block) => block.outcomes / block.count),
  };
}

/** Sums over rows. */
interface Block {
  scores: number;
  outcomes: number;
  count: number;
}

/** Rows of equal score in one block, by score: nothing can tell them apart. */
function tiedBlocks(scores: readonly number[], outcomes: readonly number[]): Block[] {
  const blocks = new Map<number, Block>();
  scores.forEach((score, i) => {
    const block = blocks.get(score) ?? { scores: 0, outcomes: 0, count: 0 };
    block.scores += score;
    block.outcomes += outcomes[i] ?? 0;
    block.count++;
    blocks.set(score, block);
  });
  return [...blocks].sort(([a], [b]) => a - b).map(([, block]) => block);
}

function interpolate(xs: readonly number[], ys: readonly number[], x: number): number {
  const above = xs.findIndex((one) => one >= x);
  if (above < 0) return ys.at(-1) ?? 0;
  if (above === 0) return ys[0] ?? 0;
  const [x0, x1, y0, y1] = [xs[above - 1] ?? 0, xs[above] ?? 0, ys[above - 1] ?? 0, ys[above] ?? 0];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
