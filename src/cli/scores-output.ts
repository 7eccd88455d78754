/** What `assay critic score` writes: a row per attempt. */
import type { Scores } from '../select/score-attempts.ts';
import { type StoredAttempt, verdictOf } from '../select/stored-attempts.ts';

/** For `--json`, but for what the critic says of itself. */
export function scoresDocument(attempts: readonly StoredAttempt[], scores: Scores) {
  const nameOf = ({ record }: StoredAttempt) => ({ instanceId: record.instanceId, attempt: record.attempt });
  return {
    critic: scores.critic,
    usd: scores.usd,
    unknownCosts: scores.unknownCosts,
    scores: attempts.map((one) => ({
      ...nameOf(one),
      score: scores.values.get(one) ?? null,
      resolved: verdictOf(one),
      verdict: one.record.report?.verdict ?? null,
    })),
    failures: scores.failures.map(({ attempt, failure }) => ({ ...nameOf(attempt), failure })),
  };
}

/** Verdicts in the words of `assay show` and `assay select`. */
export function scoresText({ scores, failures }: ReturnType<typeof scoresDocument>): string {
  const lines = scores.map(
    ({ instanceId, attempt, score, verdict }) =>
      `${score === null ? '     -' : score.toFixed(4)}  ${instanceId}#${attempt}  ${verdict ?? 'not graded'}`,
  );
  const notes = failures.map(
    ({ instanceId, attempt, failure }) => `no score for ${instanceId}#${attempt}: ${failure.message}`,
  );
  return `${[...lines, ...notes].join('\n')}\n`;
}
