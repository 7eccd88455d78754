/** Strengths from comparisons of pairs. Pure. */

export interface PairResult {
  a: number;
  b: number;
  /** Share of the comparison that `a` won, 0 to 1. */
  won: number;
}

const PRECISION = 1e-9;
const MAX_ROUNDS = 10_000;

/**
 * Bradley and Terry (1952) by the minorise-maximise iteration of Hunter (2004, Annals of Statistics 32), with one drawn comparison of each against an average opponent, so that strengths are
 * finite and exist whatever the pairs. Returned is the chance to beat the average opponent, by index, in (0, 1), rounded to 1e-9 so that equal results are equal numbers.
 */
export function bradleyTerry(contestants: number, results: readonly PairResult[]): number[] {
  const wins = Array.from({ length: contestants }, () => 0.5);
  const opponents = Array.from({ length: contestants }, (): number[] => []);
  for (const { a, b, won } of results) {
    wins[a] = (wins[a] ?? 0) + won;
    wins[b] = (wins[b] ?? 0) + 1 - won;
    opponents[a]?.push(b);
    opponents[b]?.push(a);
  }
  let strengths = wins.map(() => 1);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = strengths.map((own, i) => {
      const met = (opponents[i] ?? []).reduce((sum, other) => sum + 1 / (own + (strengths[other] ?? 1)), 1 / (own + 1));
      return (wins[i] ?? 0) / met;
    });
    const moved = Math.max(0, ...next.map((one, i) => Math.abs(Math.log(one / (strengths[i] ?? 1)))));
    strengths = next;
    if (moved < PRECISION / 10) break;
  }
  return strengths.map((strength) => Math.round(strength / (1 + strength) / PRECISION) * PRECISION);
}
