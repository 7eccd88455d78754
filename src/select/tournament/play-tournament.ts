/**
 * Scores attempts by comparing them in pairs with a judge. Each pair is asked about in both orders, so that a judge that favours a place cannot favour an attempt. Scores are Bradley-Terry strengths:
 * they order the attempts of one instance and mean nothing between instances.
 */

import { mapLimited } from '../../base/map-limited.ts';
import { type Failure, type PairJudge, toFailure } from '../../contracts/index.ts';
import { bradleyTerry, type PairResult } from '../../stats/bradley-terry.ts';
import { loadTrajectory } from '../../store/load-trajectory.ts';
import type { Scores, TournamentCounts } from '../score-attempts.ts';
import type { StoredAttempt, StoredInstance } from '../stored-attempts.ts';
import { type Pairing, pairings } from './pairings.ts';

export interface TournamentOptions {
  /** Whom each attempt meets at least, where there are so many. */
  opponents: number;
  /** Of the order on the circle, and so of who is shown first. */
  seed: number;
  signal: AbortSignal;
}

export type TournamentScores = Scores & { tournament: TournamentCounts };

const INSTANCES_AT_A_TIME = 4;
const PAIRS_AT_A_TIME = 2;

/**
 * Equal patches are one contestant and get one score; an empty patch does not take part. An attempt none of whose pairs was answered has no score; one without an opponent is average. Throws
 * `cancelled`, and what the store throws when an attempt's own log cannot be read.
 */
export async function playTournament(
  judge: PairJudge,
  instances: readonly StoredInstance[],
  { opponents, seed, signal }: TournamentOptions,
): Promise<TournamentScores> {
  const played = await mapLimited(instances, INSTANCES_AT_A_TIME, async ({ attempts }): Promise<PlayedInstance> => {
    const contestants = contestantsOf(attempts);
    const pairs = pairings(contestants.length, opponents, seed);
    const matches = await mapLimited(pairs, PAIRS_AT_A_TIME, (pair) => playMatch(judge, contestants, pair, signal));
    return { contestants, matches };
  });
  const scores: TournamentScores = {
    critic: judge.name,
    calibrated: false,
    values: new Map(),
    usd: 0,
    unknownCosts: 0,
    failures: [],
    tournament: { pairs: 0, contradictions: 0, unanswered: 0 },
  };
  for (const instance of played) {
    countMatches(scores, instance);
    rankContestants(scores, instance);
  }
  return scores;
}

/** Attempts that are equal in effect, the earliest first. */
type Contestant = readonly StoredAttempt[];

interface PlayedInstance {
  contestants: readonly Contestant[];
  matches: readonly Match[];
}

interface Match {
  pairing: Pairing;
  /** With `a` shown first, then with `b`; fewer than two when a question brought no answer. */
  answers: Awaited<ReturnType<PairJudge['compare']>>[];
  failure?: Failure;
}

function contestantsOf(attempts: readonly StoredAttempt[]): Contestant[] {
  const byPatch = new Map<string, StoredAttempt[]>();
  for (const one of attempts) {
    if (one.patch.trim() === '') continue;
    const key = one.vote ?? one.patch;
    byPatch.set(key, [...(byPatch.get(key) ?? []), one]);
  }
  return [...byPatch.values()];
}

async function playMatch(
  judge: PairJudge,
  contestants: readonly Contestant[],
  pairing: Pairing,
  signal: AbortSignal,
): Promise<Match> {
  const match: Match = { pairing, answers: [] };
  const shown = [pairing.a, pairing.b].flatMap((index) => contestants[index]?.[0] ?? []);
  const [a, b] = await Promise.all(shown.map(({ run, record }) => loadTrajectory(run, record)));
  if (a === undefined || b === undefined) return match;
  try {
    match.answers.push(await judge.compare(a, b, { signal }));
    match.answers.push(await judge.compare(b, a, { signal }));
  } catch (error) {
    signal.throwIfAborted();
    match.failure = toFailure(error);
  }
  return match;
}

function countMatches(scores: TournamentScores, { matches }: PlayedInstance): void {
  const { tournament } = scores;
  for (const { answers } of matches) {
    for (const { cost } of answers) {
      if (cost.kind === 'unknown') scores.unknownCosts++;
      else scores.usd += cost.usd;
    }
    const [first, second] = answers;
    if (first === undefined || second === undefined) tournament.unanswered++;
    else {
      tournament.pairs++;
      if ((first.firstBetter - 0.5) * (second.firstBetter - 0.5) > 0) tournament.contradictions++;
    }
  }
}

function rankContestants(scores: TournamentScores, { contestants, matches }: PlayedInstance): void {
  const results = matches.flatMap(({ pairing, answers: [first, second] }): PairResult[] =>
    first === undefined || second === undefined
      ? []
      : [{ ...pairing, won: (first.firstBetter + 1 - second.firstBetter) / 2 }],
  );
  const strengths = bradleyTerry(contestants.length, results);
  contestants.forEach((contestant, index) => {
    const takesPart = ({ a, b }: Pairing) => a === index || b === index;
    const failure = matches.find((one) => one.failure !== undefined && takesPart(one.pairing))?.failure;
    for (const attempt of contestant) {
      if (failure === undefined || results.some(takesPart)) scores.values.set(attempt, strengths[index] ?? 0.5);
      else scores.failures.push({ attempt, failure });
    }
  });
}
