import type { GradedAttempt } from '../data/load-attempts.ts';
import { foldsOf, type SplitBy } from './folds.ts';

/** What is learnt without a fold says of the members of that fold, in the order of the examples; null where nothing is left to learn from. Pure. */
export function heldOut<E extends { attempt: GradedAttempt }, T>(
  examples: readonly E[],
  split: SplitBy,
  folds: number,
  learn: (rest: readonly E[]) => (example: E) => T,
): (T | null)[] {
  const fold = foldsOf(
    examples.map(({ attempt }) => attempt),
    split,
    folds,
  );
  const judges = Array.from({ length: folds }, (_, held) => {
    const rest = examples.filter((_, i) => fold[i] !== held);
    return rest.length === 0 || rest.length === examples.length ? undefined : learn(rest);
  });
  return examples.map((example, i) => judges[fold[i] ?? 0]?.(example) ?? null);
}
