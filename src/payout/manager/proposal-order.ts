/** The order in which an agent sees proposals: shuffled by a seed, so that neither the place in the data set nor its numbers say anything. Pure. */
import { sha256 } from '../../base/digest.ts';
import type { Proposal } from '../../contracts/index.ts';
import { seededRandom } from '../../stats/seeded-random.ts';

/** Fisher and Yates; the same task and seed give the same order on every machine. Proposal number n of the agent is entry n - 1. */
export function proposalOrder(taskId: string, proposals: readonly Proposal[], seed = 0): Proposal[] {
  const random = seededRandom(Number.parseInt(sha256(`${seed} ${taskId}`).replace('sha256:', '').slice(0, 12), 16));
  const order = [...proposals];
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const [a, b] = [order[last], order[other]];
    if (a !== undefined && b !== undefined) [order[last], order[other]] = [b, a];
  }
  return order;
}
