/** What `assay critic score` writes: a row per attempt. */
import type { Scores } from '../select/score-attempts.ts';
import { type StoredAttempt, verdictOf } from '../select/stored-attempts.ts';

/** For `--json`. */
export function scoresDocument(attempts: readonly StoredAttempt[], scores: Scores) {
  const nameOf = ({ record }: StoredAttempt) => ({ instanceId: record.instanceId, attempt: record.attempt });
  return {
    critic: scores.critic,
    calibrated: scores.calibrated,
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
export function scoresText({ critic, calibrated, scores, failures }: ReturnType<typeof scoresDocument>): string {
  const lines = scores.map(
    ({ instanceId, attempt, score, verdict }) =>
      `${score === null ? '     -' : score.toFixed(4)}  ${instanceId}#${attempt}  ${verdict ?? 'not graded'}`,
  );
  const notes = failures.map(
    ({ instanceId, attempt, failure }) => `no score for ${instanceId}#${attempt}: ${failure.message}`,
  );
  const meaning = calibrated ? [] : [uncalibratedWords(critic)];
  return `${[...lines, ...meaning, ...notes].join('\n')}\n`;
}

/** What the scores of such a critic are good for. */
export function uncalibratedWords(critic: string): string {
  return `scores of ${critic} are not calibrated: they order attempts of one instance`;
}
