/** The inner draw of bootstraps over tasks and attempts. Pure. */
import type { SeededRandom } from '../../stats/seeded-random.ts';
import { sum, type TaskOutcome } from './priced-outcome.ts';

/** Verdicts of the attempts that have one. */
export function passesOf({ attempts }: Pick<TaskOutcome, 'attempts'>): boolean[] {
  return attempts.map((one) => one.passed).filter((passed) => passed !== null);
}

/** Share of passes among as many attempts, drawn again with replacement. At least one must be given. */
export function redrawnRate(passes: readonly boolean[], random: SeededRandom): number {
  if (passes.length === 1) return Number(passes[0]);
  return sum(passes, () => Number(passes[random.below(passes.length)])) / passes.length;
}

/** Share of passes as it is. */
export function rateOf(passes: readonly boolean[]): number {
  return sum(passes, Number) / passes.length;
}
