import type { Critic } from '../../contracts/index.ts';
import { extractFeatures } from '../features/extract-features.ts';
import type { CriticFile } from './critic-file.ts';
import { headProbability } from './head.ts';

/** What a card must say about where a critic comes from. */
type TrainingSource = Pick<CriticFile['card'], 'runs' | 'repositories' | 'instanceIds'>;

/** A critic trained on this machine: calibrated probabilities, no cost, no network. */
export function embeddedCritic(
  file: Pick<CriticFile, 'final' | 'turn'> & { card: TrainingSource },
  name = 'embedded',
): Critic {
  const { runs, repositories, instanceIds } = file.card;
  return {
    name,
    calibrated: true,
    trainedOn: {
      runs: runs.filter(({ attempts }) => attempts > 0).map(({ runId }) => runId),
      repositories,
      instances: instanceIds ?? null,
    },
    async score(trajectory) {
      const { turns, final } = extractFeatures(trajectory);
      return {
        perTurn: turns.map((values) => headProbability(file.turn, values)),
        final: headProbability(file.final, final),
        cost: { kind: 'measured', usd: 0 },
      };
    },
    close: async () => {},
  };
}
