import type { Critic, CriticScore } from '../contracts/index.ts';
import { malformedReply } from './remote/post-json.ts';

/** The critic, with what is no number refused before anybody ranks by it or stores it. Throws `model-reply-malformed` then. */
export function finiteCritic(critic: Critic): Critic {
  const { name, calibrated, trainedOn } = critic;
  return {
    name,
    calibrated,
    ...(trainedOn === undefined ? {} : { trainedOn }),
    async score(trajectory, options): Promise<CriticScore> {
      const score = await critic.score(trajectory, options);
      if ([score.final, ...score.perTurn].every(Number.isFinite)) return score;
      throw malformedReply(`the critic ${critic.name} gave ${score.final}, which ranks nothing`);
    },
    close: () => critic.close(),
  };
}
