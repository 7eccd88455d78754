/** Chooses one stored attempt per instance, and measures what choosing is worth. */
import type { Verdict } from '../contracts/index.ts';
import type { Candidate, CandidateTests } from './candidate.ts';
import { chooseCandidate, type Decider } from './choose-candidate.ts';
import type { CurveInstance } from './curve-attempt.ts';
import type { Scores } from './score-attempts.ts';
import { type StoredAttempt, type StoredInstance, verdictOf } from './stored-attempts.ts';

export interface SelectionRow {
  runId: string;
  attempt: number;
  /** For the reader; the choice does not know it. Null while there is none. */
  verdict: Verdict | null;
  /** First characters of the key: rows with the same one are equal patches. */
  vote: string | null;
  score: number | null;
  tests?: CandidateTests;
  reason: string;
}

export interface InstanceSelection {
  instanceId: string;
  repo: string;
  /** Row of the winner; null when no attempt came to a patch. */
  winner: SelectionRow | null;
  /** The winner's, `''` without one. */
  patch: string;
  candidates: SelectionRow[];
  withoutPatch: number;
}

/** What is known of the candidates besides their patches. */
export interface Evidence {
  /** Scores decide when they are there, else votes. */
  scores?: Scores | undefined;
  tests?: ReadonlyMap<StoredAttempt, CandidateTests> | undefined;
  /** Exact votes, by whole files, in place of those by hunks. */
  votes?: ReadonlyMap<StoredAttempt, string | null> | undefined;
}

const VOTE_SHOWN = 12;

export function selectOne(instance: StoredInstance, evidence: Evidence): InstanceSelection {
  const { instanceId, repo, attempts, withoutPatch } = instance;
  const candidates = attempts.map((one) => candidateOf(one, evidence));
  const { winner, reasons } = chooseCandidate(candidates, deciderOf(evidence));
  const rows = attempts.map((one, at) => rowOf(one, candidates[at], reasons[at] ?? ''));
  return {
    instanceId,
    repo,
    winner: rows[winner === null ? -1 : candidates.indexOf(winner)] ?? null,
    patch: winner?.patch ?? '',
    candidates: rows,
    withoutPatch,
  };
}

export function deciderOf({ scores }: Evidence): Decider {
  return scores === undefined ? 'majority' : 'score';
}

/** Candidates are named by their place over all runs: that is what "earlier" means. */
function candidateOf(one: StoredAttempt, { scores, tests, votes }: Evidence): Candidate {
  const tested = tests?.get(one);
  return {
    attempt: one.order,
    patch: one.patch,
    vote: votes?.has(one) ? (votes.get(one) ?? null) : one.vote,
    score: scores?.values.get(one) ?? null,
    ...(tested === undefined ? {} : { tests: tested }),
  };
}

function rowOf({ run, record }: StoredAttempt, candidate: Candidate | undefined, reason: string): SelectionRow {
  return {
    runId: run.manifest.runId,
    attempt: record.attempt,
    verdict: record.report?.verdict ?? null,
    vote: candidate?.vote?.replace('sha256:', '').slice(0, VOTE_SHOWN) ?? null,
    score: candidate?.score ?? null,
    ...(candidate?.tests === undefined ? {} : { tests: candidate.tests }),
    reason,
  };
}

/** What curves need: only attempts with a verdict about the agent count. */
export function curveInstances(instances: readonly StoredInstance[], evidence: Evidence): CurveInstance[] {
  return instances.map(({ instanceId, repo, attempts }) => ({
    instanceId,
    repo,
    attempts: attempts.flatMap((one) => {
      const resolved = verdictOf(one);
      if (resolved === null) return [];
      const { totals } = one.record;
      const candidate = candidateOf(one, evidence);
      return [
        {
          ...candidate,
          resolved,
          usd: totals === null || totals.unknownCosts > 0 ? null : totals.usd,
          scores: evidence.scores === undefined ? {} : { [evidence.scores.critic]: candidate.score },
          steps: totals?.steps ?? 0,
        },
      ];
    }),
  }));
}
