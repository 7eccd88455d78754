/** What the agent was shown, judged by words that tools of many kinds share. Pure. */
import type { Turn } from './turn.ts';
import { countMatches } from './words.ts';

export interface ObservationFacts {
  /** Something failed: a traceback, an error line, a non-zero exit, a refusal of the tool. */
  error: boolean;
  tracebacks: number;
  /** An edit was not made. */
  refused: boolean;
  nothingFound: boolean;
  /** What a test run came to; null when nothing says it. */
  tests: 'passed' | 'failed' | null;
  /** How often the tools asked to try again. */
  retries: number;
}

const ERROR =
  /^Traceback \(most recent call last\)|^\s*\w*(Error|Exception)\b(:|$)|\bcommand not found\b|\bNo such file or directory\b|\bexit code:? [1-9]|^E {3}|^FAILED\b|^(bash|sh): |"errors?":"|timed out/m;
const REFUSED =
  /has NOT been applied|introduced new syntax error|No replacement was performed|did not appear verbatim|Could not|not (be )?(match|found|applied|unique)|Invalid|usage:|was not (changed|updated)|failed to/i;
const NOTHING =
  /\bNo matches found|Could not find|No (classes|functions|files|results|matches|code)\b.*(found|with)|Found 0 |0 hits|no results|"ranked_spans":\[\]|"file_context":\[\]/i;

export function observationFacts({ observation, toolError }: Turn): ObservationFacts {
  return {
    error: toolError || ERROR.test(observation),
    tracebacks: countMatches(observation, /^Traceback \(most recent call last\)/gm),
    refused: toolError || REFUSED.test(observation.slice(0, 2_000)),
    nothingFound: NOTHING.test(observation.slice(0, 2_000)),
    tests: testsIn(observation),
    retries: countMatches(
      observation,
      /\b(please (try|provide|correct|re)|try again|is not valid|must (be|provide))\b/gi,
    ),
  };
}

function testsIn(observation: string): ObservationFacts['tests'] {
  if (/\b\d+ (failed|errors?)\b|^FAILED\b|\bfailures=\d|\berrors=\d|DO \*NOT\* COMMIT|not ok \d/m.test(observation))
    return 'failed';
  return /\b\d+ passed\b|^OK\b|tests finished: \d+ passed|# fail 0/m.test(observation) ? 'passed' : null;
}
