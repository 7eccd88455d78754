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
  let [winner, most] = [0, 0];
  for (const { first, count } of countVotes(voters).values()) {
    if (count > most) [winner, most] = [first, count];
  }
  return winner;
}

/** Votes in the order of their first appearance. */
export function countVotes(voters: readonly Voter[]): Map<string, { first: number; count: number }> {
  const votes = new Map<string, { first: number; count: number }>();
  voters.forEach(({ vote }, index) => {
    if (vote === null) return;
    const known = votes.get(vote);
    if (known === undefined) votes.set(vote, { first: index, count: 1 });
    else known.count++;
  });
  return votes;
}
