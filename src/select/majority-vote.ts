/** The most frequent answer wins; the earliest among equally frequent ones. */

/** What an answer votes with; null has no vote. */
export interface Voter {
  vote: string | null;
}

/**
 * Index of the winner among voters in the order in which they were made: the earliest with the most frequent vote, ties to the vote that was there first. When nobody has a vote, 0
 * (also for no voters).
 */
export function majorityVote(voters: readonly Voter[]): number {
  return majorityAmong(voters)(voters.map((_, index) => index)) ?? 0;
}

/** The same among some of the voters, named by their indexes in ascending order; for many questions about the same ones. */
export function majorityAmong(voters: readonly Voter[]): (some: readonly number[]) => number | undefined {
  const names = [...new Set(voters.map(({ vote }) => vote))];
  const ballots = Int32Array.from(voters, ({ vote }) => (vote === null ? -1 : names.indexOf(vote)));
  const counts = new Int32Array(names.length);
  return (some) => {
    counts.fill(0);
    for (const index of some) {
      const ballot = ballots[index] ?? -1;
      if (ballot >= 0) counts[ballot] = (counts[ballot] ?? 0) + 1;
    }
    let winner = some[0];
    let most = 0;
    for (const index of some) {
      const count = counts[ballots[index] ?? -1] ?? 0; // -1 is nobody's place
      if (count > most) [winner, most] = [index, count];
    }
    return winner;
  };
}

/** How many have each vote. */
export function countVotes(voters: readonly Voter[]): Map<string, number> {
  const votes = new Map<string, number>();
  for (const { vote } of voters) if (vote !== null) votes.set(vote, (votes.get(vote) ?? 0) + 1);
  return votes;
}
