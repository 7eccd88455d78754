/**
 * Chooses one of the attempts at an instance, with the reason for each. Filters come first: empty patches, then tests that passed before (the fewest broken, not zero), then the
 * reproduction test; among those that are left votes or a critic decide. A filter that nobody passes is no filter. Order as in Agentless (Xia et al. 2024, arXiv 2407.01489), with one
 * difference: a candidate without a test report ranks last.
 */
import type { Candidate, TestReport } from './candidate.ts';
import { countVotes, majorityVote } from './majority-vote.ts';

/** What decides among candidates that no filter takes away. */
export type Decider = 'majority' | 'score';

export interface Choice {
  /** Null when there are no candidates. */
  winner: Candidate | null;
  /** One per candidate, in their order. */
  reasons: string[];
}

/** Candidates in the order in which they were made: the earliest wins ties. */
export function chooseCandidate(candidates: readonly Candidate[], decider: Decider): Choice {
  const reasons = new Map<Candidate, string>();
  let left = candidates;
  for (const filter of [withoutEmpty, withFewestBroken, withReproduction]) {
    const { kept, out } = filter(left);
    if (kept.length === 0) continue;
    for (const [candidate, reason] of out) reasons.set(candidate, reason);
    left = kept;
  }
  const decided = decider === 'score' ? byScore(left) : byVotes(left);
  for (const [candidate, reason] of decided.reasons) reasons.set(candidate, reason);
  return { winner: decided.winner, reasons: candidates.map((one) => reasons.get(one) ?? '') };
}

interface Filtered {
  kept: readonly Candidate[];
  out: [Candidate, string][];
}

function withoutEmpty(candidates: readonly Candidate[]): Filtered {
  return split(candidates, (one) => (one.patch.trim() === '' ? 'the patch is empty' : null));
}

function withFewestBroken(candidates: readonly Candidate[]): Filtered {
  const tested = candidates.filter((one) => one.tests?.regression != null);
  if (tested.length === 0) return { kept: candidates, out: [] };
  const fewest = Math.min(...candidates.map((one) => brokenBy(one.tests?.regression)));
  if (fewest === Number.POSITIVE_INFINITY) return { kept: candidates, out: [] };
  return split(candidates, (one) => {
    const report = one.tests?.regression;
    if (brokenBy(report) === fewest) return null;
    if (report?.kind !== 'report') return `no test report: ${report?.why ?? 'it was not tested'}`;
    return `breaks ${tests(report.broken)} that passed before, the best ${fewest === 0 ? 'none' : fewest}`;
  });
}

function withReproduction(candidates: readonly Candidate[]): Filtered {
  return split(candidates, (one) => {
    const report = one.tests?.reproduction;
    if (report == null || brokenBy(report) === 0) return null;
    return `does not pass the reproduction test${report.kind === 'missing' ? `: ${report.why}` : ''}`;
  });
}

/** A candidate without a report has not shown that it breaks nothing. */
function brokenBy(report: TestReport | null | undefined): number {
  return report?.kind === 'report' ? report.broken.length : Number.POSITIVE_INFINITY;
}

function split(candidates: readonly Candidate[], reasonAgainst: (candidate: Candidate) => string | null): Filtered {
  const kept: Candidate[] = [];
  const out: [Candidate, string][] = [];
  for (const one of candidates) {
    const reason = reasonAgainst(one);
    if (reason === null) kept.push(one);
    else out.push([one, reason]);
  }
  return { kept, out };
}

interface Decided {
  winner: Candidate | null;
  reasons: [Candidate, string][];
}

function byVotes(left: readonly Candidate[]): Decided {
  const winner = left[majorityVote(left)] ?? null;
  const votes = countVotes(left);
  const countOf = ({ vote }: Candidate) => (vote === null ? 0 : (votes.get(vote) ?? 0));
  const most = winner === null ? 0 : countOf(winner);
  return decided(left, winner, {
    winning: `${most} of ${left.length} votes`,
    losing: (one) => {
      if (one.vote === null) return 'no vote: the patch has no effect';
      if (one.vote === winner?.vote) return `equal to attempt ${winner.attempt}, which was earlier`;
      const tie = countOf(one) === most ? `, and ${nameOf(winner)} was earlier` : '';
      return `${countOf(one)} of ${left.length} votes, the winner ${most}${tie}`;
    },
  });
}

function byScore(left: readonly Candidate[]): Decided {
  const scored = left.flatMap((one) => (one.score === null ? [] : [one.score]));
  const best = Math.max(...scored);
  const winner = left.find((one) => one.score === best) ?? left[0] ?? null;
  return decided(left, winner, {
    winning: scored.length === 0 ? 'the earliest: nobody has a score' : `highest score, ${best.toFixed(3)}`,
    losing: ({ score }) => {
      if (score === null) return 'no score';
      return `score ${score.toFixed(3)}, ${nameOf(winner)} ${score === best ? 'has the same and was earlier' : `has ${best.toFixed(3)}`}`;
    },
  });
}

function decided(
  left: readonly Candidate[],
  winner: Candidate | null,
  words: { winning: string; losing: (candidate: Candidate) => string },
): Decided {
  const chosen = left.length === 1 ? 'the only one left' : words.winning;
  const reasons = left.map((one): [Candidate, string] => [
    one,
    one === winner ? `chosen: ${chosen}` : words.losing(one),
  ]);
  return { winner, reasons };
}

function nameOf(candidate: Candidate | null): string {
  return `attempt ${candidate?.attempt ?? 'none'}`;
}

function tests(ids: readonly string[]): string {
  const shown = ids.slice(0, 3).join(', ');
  return `${ids.length} ${ids.length === 1 ? 'test' : 'tests'} (${shown}${ids.length > 3 ? ', ...' : ''})`;
}
