import type { Critic } from '../../contracts/index.ts';
import { extractFeatures } from '../features/extract-features.ts';
import type { CriticFile } from './critic-file.ts';
import { headProbability } from './head.ts';

/** A critic trained on this machine: calibrated probabilities, no cost, no network. */
export function embeddedCritic(file: Pick<CriticFile, 'final' | 'turn'>, name = 'embedded'): Critic {
  return {
    name,
    calibrated: true,
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
