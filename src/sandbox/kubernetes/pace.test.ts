import { expect, test } from 'vitest';
import { ResourceFactors } from './resource-factors.ts';
import { StartRate } from './start-rate.ts';

test('starts keep an even pace', async () => {
  const rate = new StartRate(50);
  const from = Date.now();
  for (let n = 0; n < 11; n++) await rate.turn();
  expect(Date.now() - from).toBeGreaterThanOrEqual(180);
});

test('a server that asks for patience halves the pace and gets its pause; starts that go well win it back', async () => {
  const rate = new StartRate(40);
  rate.throttled(150);
  expect(rate.perSecond).toBe(20);
  const from = Date.now();
  await rate.turn();
  expect(Date.now() - from).toBeGreaterThanOrEqual(140);
  for (let n = 0; n < 100; n++) rate.wentWell();
  expect(rate.perSecond).toBe(40);
  for (let n = 0; n < 100; n++) rate.throttled(0);
  expect(rate.perSecond).toBe(0.5);
});

test('a factor doubles once per failed generation of pods, up to the largest', () => {
  const factors = new ResourceFactors(4);
  expect(factors.of('a')).toBe(1);
  factors.raise('a', 1);
  factors.raise('a', 1); // failed together with the one before
  expect([factors.of('a'), factors.of('b')]).toEqual([2, 1]);
  factors.raise('a', 2);
  factors.raise('a', 4);
  expect(factors.of('a')).toBe(4);
});

test('a largest factor of 1 keeps everything as it is', () => {
  const factors = new ResourceFactors(1);
  factors.raise('a', 1);
  expect(factors.of('a')).toBe(1);
});
