/** What a critic is worth as it is, on graded attempts. Nothing is trained: whoever names the attempts answers for it that the critic has not seen them. */
import type { RunRecord } from '../../contracts/index.ts';
import type { GradedScores, ScoredAttempt } from '../data/score-graded.ts';
import { type Measures, measureByAgent } from './measure.ts';
import { loadSetups, type SetupSelection } from './selections-by-scores.ts';

/** Brier score and calibration error are of probabilities: null for a critic that gives none. */
export type GivenMeasures = Omit<Measures, 'brier' | 'ece'> & { brier: number | null; ece: number | null };

export interface GivenEvaluation {
  critic: string;
  calibrated: boolean;
  measures: { all: GivenMeasures; agents: Record<string, GivenMeasures> };
  selections: SetupSelection[];
  unscored: number;
  usd: number;
  unknownCosts: number;
}

/** Throws what the store throws when a patch cannot be read. */
export async function evaluateGiven(
  critic: { name: string; calibrated: boolean },
  runs: readonly RunRecord[],
  { scored, failures, usd, unknownCosts }: GradedScores,
): Promise<GivenEvaluation> {
  const setups = await loadSetups(
    runs,
    scored.map(({ attempt }) => attempt),
  );
  return {
    critic: critic.name,
    calibrated: critic.calibrated,
    measures: measuresOf(scored, critic.calibrated),
    selections: setups.selectionsBy(scored.map(({ score }) => score)),
    unscored: failures.length,
    usd,
    unknownCosts,
  };
}

function measuresOf(scored: readonly ScoredAttempt[], calibrated: boolean): GivenEvaluation['measures'] {
  const { all, agents } = measureByAgent(
    scored.map(({ attempt }) => attempt),
    scored.map(({ score }) => score),
  );
  const given = (one: Measures): GivenMeasures => (calibrated ? one : { ...one, brier: null, ece: null });
  return {
    all: given(all),
    agents: Object.fromEntries(Object.entries(agents).map(([agent, one]) => [agent, given(one)])),
  };
}
