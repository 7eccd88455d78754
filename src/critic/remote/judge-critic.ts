/**
 * Any chat model as judge of one attempt: the chance of YES, by log-probabilities where there are some, else a rating from 0 to 100. Source of the YES/NO form: the outcome verifier of
 * SWE-Gym.
 */
import type { Critic } from '../../contracts/index.ts';
import { askJudge } from './ask-judge.ts';
import { attemptText, type ExhibitOptions, issueAndPatchText } from './exhibit.ts';
import type { CriticEndpoint } from './post-json.ts';

const SYSTEM = [
  'You judge whether a coding agent has resolved an issue. Hidden tests decide; you do not see them.',
  'Ask yourself: does the change address the cause that the issue describes, is it complete, does it keep everything else working, and did the agent check it?',
  'Answer with one line: YES or NO, then a space and the chance in percent that the hidden tests pass, as in "YES 80".',
].join('\n');

export function judgeCritic(endpoint: CriticEndpoint, options: ExhibitOptions): Critic {
  return {
    name: 'judge',
    calibrated: false,
    async score(trajectory, { signal }) {
      const user = options.view === 'patch' ? issueAndPatchText(trajectory) : attemptText(trajectory, options);
      const { chance, cost } = await askJudge(endpoint, { system: SYSTEM, user, words: ['YES', 'NO'] }, signal);
      return { perTurn: [], final: chance, cost };
    },
    close: async () => {},
  };
}
