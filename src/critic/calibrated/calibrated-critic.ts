import type { Critic } from '../../contracts/index.ts';
import { calibrated } from '../learn/calibration.ts';
import type { CalibrationFile } from './calibration-file.ts';

/** The critic with its scores turned into probabilities; values per turn go through the same map. Closing it closes the critic. */
export function calibratedCritic(
  inner: Critic,
  { calibration, card }: Pick<CalibrationFile, 'calibration' | 'card'>,
): Critic {
  const { runs, repositories, instanceIds } = card;
  return {
    name: `${inner.name}, calibrated`,
    calibrated: true,
    trainedOn: { runs, repositories, instances: instanceIds },
    async score(trajectory, options) {
      const { perTurn, final, cost } = await inner.score(trajectory, options);
      return {
        perTurn: perTurn.map((value) => calibrated(calibration, value)),
        final: calibrated(calibration, final),
        cost,
      };
    },
    close: () => inner.close(),
  };
}
