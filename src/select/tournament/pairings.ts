/** Who meets whom. Pure. */
import { seededRandom } from '../../stats/seeded-random.ts';

/** Two contestants by index; `a` is shown first in the first of the two questions. */
export interface Pairing {
  a: number;
  b: number;
}

/**
 * Contestants stand on a circle in an order drawn by the seed, and each meets its nearest neighbours on both sides: at least `opponents` of them, or all others where there are no more. Everybody
 * meets equally many, so calls grow with the contestants, not with their square.
 */
export function pairings(contestants: number, opponents: number, seed: number): Pairing[] {
  const circle = shuffled(contestants, seed);
  const reach = Math.min(Math.ceil(opponents / 2), Math.floor(contestants / 2));
  const pairs = new Map<string, Pairing>();
  circle.forEach((a, place) => {
    for (let distance = 1; distance <= reach; distance++) {
      const b = circle[(place + distance) % contestants] ?? a;
      const key = [a, b].sort((x, y) => x - y).join(' ');
      if (!pairs.has(key)) pairs.set(key, { a, b });
    }
  });
  return [...pairs.values()];
}

/** Fisher and Yates. */
function shuffled(count: number, seed: number): number[] {
  const random = seededRandom(seed);
  const order = Array.from({ length: count }, (_, i) => i);
  for (let left = count - 1; left > 0; left--) {
    const other = random.below(left + 1);
    [order[left], order[other]] = [order[other] ?? 0, order[left] ?? 0];
  }
  return order;
}
