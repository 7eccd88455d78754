/** How often the intervals of the selection curves hold the truth of a simulated world. */
import { selectionCurves } from '../../src/select/selection-curves.ts';
import { criticSelector, majoritySelector, passSelector } from '../../src/select/selector.ts';
import type { Interval } from '../../src/stats/intervals.ts';
import { drawWorld, TRUE_USD, trueCurves, type World } from './selection-world.ts';

export interface Coverage {
  /** By the name of the estimate. */
  share: Map<string, number>;
  /** Mean of the estimates less the truth. */
  bias: Map<string, number>;
}

export function measureCoverage(
  world: World,
  options: { simulations: number; maxK: number; resamples: number },
): Coverage {
  const truth = trueCurves(world, options.maxK);
  const hits = new Map<string, number>();
  const errors = new Map<string, number>();
  const record = (name: string, interval: Interval, value: number) => {
    const hit = interval.low <= value && value <= interval.high;
    hits.set(name, (hits.get(name) ?? 0) + Number(hit) / options.simulations);
    errors.set(name, (errors.get(name) ?? 0) + (interval.value - value) / options.simulations);
  };
  const selectors = [passSelector, criticSelector('critic'), majoritySelector];
  for (let seed = 1; seed <= options.simulations; seed++) {
    const result = selectionCurves(drawWorld(world, seed), selectors, { ...options, seed });
    const cost = result.usd?.at(-1);
    if (cost !== undefined) record(`usd@${cost.k}`, cost.usd, cost.k * TRUE_USD);
    for (const { selector, points, fit, recovered } of result.curves) {
      const curve = truth[selector] ?? [];
      const [pass, random] = [truth.pass?.at(-1) ?? 0, truth.random?.at(-1) ?? 0];
      for (const { k, rate, gain } of points) {
        record(`${selector}@${k}`, rate, curve[k - 1] ?? Number.NaN);
        if (k > 1)
          record(`${selector}@${k} - random`, gain, (curve[k - 1] ?? Number.NaN) - (truth.random?.[k - 1] ?? 0));
      }
      if (fit === null || recovered === null) throw new Error(`no fit for ${selector}`);
      const line = trueLine(curve);
      record(`${selector} per doubling`, fit.perDoubling, line.slope);
      record(`${selector} intercept`, fit.intercept, line.intercept);
      if (selector !== 'pass')
        record(`${selector} recovered`, recovered, ((curve.at(-1) ?? 0) - random) / (pass - random));
    }
  }
  return { share: hits, bias: errors };
}

/** The least-squares line through the true curve, by the normal equations. */
function trueLine(curve: readonly number[]): { slope: number; intercept: number } {
  let [n, x, y, xx, xy] = [0, 0, 0, 0, 0];
  curve.forEach((value, at) => {
    const log = Math.log2(at + 1);
    n += 1;
    x += log;
    y += value;
    xx += log * log;
    xy += log * value;
  });
  const slope = (n * xy - x * y) / (n * xx - x * x);
  return { slope, intercept: (y - slope * x) / n };
}
