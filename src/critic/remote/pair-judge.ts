/** Any chat model as judge of two attempts at one issue. */
import type { PairJudge } from '../../contracts/index.ts';
import { askJudge } from './ask-judge.ts';
import { type ExhibitOptions, pairText } from './exhibit.ts';
import type { CriticEndpoint } from './post-json.ts';

const SYSTEM = [
  'Two coding agents, A and B, have worked on the same issue. Hidden tests decide which of them resolved it; you do not see them.',
  'Ask yourself of each: does the change address the cause that the issue describes, is it complete, does it keep everything else working?',
  'The order in which they are shown means nothing, nor does the length of a change.',
  'Answer with one line: A or B, whichever is more likely to pass the hidden tests, then a space and the chance in percent that A is the better one, as in "A 80" or "B 20".',
].join('\n');

/** Each comparison is one call; asking in both orders is the caller's part. */
export function pairJudge(endpoint: CriticEndpoint, options: ExhibitOptions): PairJudge {
  return {
    name: options.view === 'patch' ? 'judge-patch-pairs' : 'judge-pairs',
    async compare(first, second, { signal }) {
      const user = pairText(first, second, options);
      const { chance, cost } = await askJudge(endpoint, { system: SYSTEM, user, words: ['A', 'B'] }, signal);
      return { firstBetter: chance, cost };
    },
    close: async () => {},
  };
}
