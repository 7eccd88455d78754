/** Curves, intervals and fits against a simulated world whose truth is known by integration, not by the code under test. `npx tsx bench/select.ts` measures more of it. */
import { expect, test } from 'vitest';
import { measureCoverage } from '../support/measure-coverage.ts';
import { WORLD } from '../support/selection-world.ts';

test('95 % intervals of curves, gains, fits and headroom hold the truth in 93 to 97 of 100 worlds', () => {
  const { share, bias } = measureCoverage(WORLD, { simulations: 1_000, maxK: 3, resamples: 99 });
  expect(share.size).toBe(24);
  const outside = [...share].filter(([, value]) => value < 0.93 || value > 0.97);
  expect(outside).toEqual([]);
  const biased = [...bias].filter(([, value]) => Math.abs(value) > 0.01);
  expect(biased).toEqual([]);
}, 120_000);
