/**
 * One step of lookahead: several replies to each request, the one that a critic values most is taken. The first call goes alone, so that the provider's cache is warm for the others. All
 * replies and values stand in the reply that is taken, and so in the log.
 */

import { addUsage } from '../base/token-usage.ts';
import {
  type CandidateReply,
  type Cost,
  type Critic,
  type Model,
  type ModelCallOptions,
  type ModelReply,
  type ModelRequest,
  toFailure,
} from '../contracts/index.ts';
import { wrapModel } from './wrap-model.ts';

/**
 * `count` replies per request, at least 2. Throws what the first call throws; further calls that fail are left out, and a critic that has no value for any leaves the first reply. The critic
 * is the caller's to close.
 */
export function lookaheadModel(inner: Model, critic: Critic, count: number): Model {
  return wrapModel(inner, {
    async complete(request, call) {
      const began = performance.now();
      // Deltas of one candidate would be shown as if they were the reply.
      const { callKey, signal } = call;
      const first = await inner.complete(request, { callKey, signal });
      const others = await Promise.allSettled(
        Array.from({ length: count - 1 }, (_, at) =>
          inner.complete(request, { callKey: `${callKey}~${at + 2}`, signal }),
        ),
      );
      signal.throwIfAborted();
      const replies = [first, ...others.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))];
      const values = await Promise.all(replies.map((reply) => appraise(critic, request, reply, call)));
      const chosen = indexOfBest(values.map(({ value }) => value));
      const candidates = replies.map((reply, at) => candidateOf(reply, values[at]?.value ?? null));
      const criticCost = sumOfCosts(values.map(({ cost }) => cost));
      return {
        ...(replies[chosen] ?? first),
        usage: replies.map((reply) => reply.usage).reduce(addUsage),
        cost: sumOfCosts([...replies.map((reply) => reply.cost), criticCost]),
        retries: replies.flatMap((reply) => reply.retries),
        latencyMs: performance.now() - began,
        lookahead: { candidates, chosen, failed: count - replies.length, critic: critic.name, criticCost },
      };
    },
  });
}

interface Valued {
  value: number | null;
  cost: Cost;
}

/** The critic sees the attempt as it would be with this reply. */
async function appraise(
  critic: Critic,
  { system, messages }: ModelRequest,
  { message }: ModelReply,
  { callKey, signal }: ModelCallOptions,
): Promise<Valued> {
  const [runId = '', instanceId = '', attempt = '1'] = callKey.split('/');
  const about = { runId, instanceId, attempt: Number(attempt), repo: '', patch: '', outcome: null, totals: null };
  try {
    const score = await critic.score({ ...about, system, messages: [...messages, message] }, { signal });
    return { value: score.perTurn.at(-1) ?? score.final, cost: score.cost };
  } catch (error) {
    if (signal.aborted || toFailure(error).class === 'cancelled') throw error;
    return { value: null, cost: { kind: 'unknown' } };
  }
}

/** The earliest of equals; 0 when there is no value at all. */
function indexOfBest(values: readonly (number | null)[]): number {
  let best = 0;
  values.forEach((value, at) => {
    if (value !== null && value > (values[best] ?? Number.NEGATIVE_INFINITY)) best = at;
  });
  return best;
}

function candidateOf({ message, stopReason, usage, cost }: ModelReply, value: number | null): CandidateReply {
  return { message, stopReason, usage, cost, value };
}

/** Unknown as soon as one part is: the parts stand in the candidates. */
function sumOfCosts(costs: readonly Cost[]): Cost {
  let [usd, table] = [0, undefined as string | undefined];
  for (const cost of costs) {
    if (cost.kind === 'unknown') return { kind: 'unknown' };
    usd += cost.usd;
    if (cost.kind === 'priced') table = cost.table;
  }
  return table === undefined ? { kind: 'measured', usd } : { kind: 'priced', usd, table };
}
