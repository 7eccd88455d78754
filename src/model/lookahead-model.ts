/**
 * One step of lookahead: several replies to each request, the one that a critic values most is taken. They come with one call where the provider can do that; else the first call goes alone, so that the provider's
 * cache is warm for the others. All replies and values stand in the reply that is taken, and so in the log.
 */
import { addUsage, NO_USAGE } from '../base/token-usage.ts';
import {
  type AssistantMessage,
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

export type Trial = NonNullable<CandidateReply['trial']>;

/** What the calls of several replies bring, each tried where it changes nothing; null for a reply that was not tried. `untried` says why none was, when they should have been. */
export type TryReplies = (
  replies: readonly AssistantMessage[],
  signal: AbortSignal,
) => Promise<{ trials: readonly (Trial | null)[]; untried?: string }>;

export interface LookaheadOptions {
  /** The caller's to close. */
  critic: Critic;
  /** Replies per request, at least 2. */
  count: number;
  /** The critic then sees what each reply would bring. */
  tryReplies?: TryReplies;
}

/** Throws what the first call throws; further calls that fail are left out, and a critic that has no value for any leaves the first reply. */
export function lookaheadModel(inner: Model, { critic, count, tryReplies }: LookaheadOptions): Model {
  const ask = severalReplies(inner, count);
  return wrapModel(inner, {
    async complete(request, call) {
      const began = performance.now();
      const { first, others } = await ask(request, call);
      const replies = [first, ...others];
      const candidates = replies.flatMap(candidatesOf);
      const tried = await tryReplies?.(
        candidates.map(({ message }) => message),
        call.signal,
      );
      const values = await Promise.all(
        candidates.map(({ message }, at) => appraise(critic, request, message, tried?.trials[at] ?? null, call)),
      );
      const valued = candidates.map((one, at): CandidateReply => {
        const trial = tried?.trials[at] ?? null;
        return { ...one, value: values[at]?.value ?? null, ...(trial === null ? {} : { trial }) };
      });
      const chosen = indexOfBest(valued.map(({ value }) => value));
      const { message, stopReason } = valued[chosen] ?? first;
      const criticCost = sumOfCosts(values.map(({ cost }) => cost));
      const { alternatives: _, ...whole } = replies.find((reply) => reply.message === message) ?? first;
      return {
        ...whole,
        message,
        stopReason,
        usage: replies.map((reply) => reply.usage).reduce(addUsage),
        cost: sumOfCosts([...replies.map((reply) => reply.cost), criticCost]),
        retries: replies.flatMap((reply) => reply.retries),
        latencyMs: performance.now() - began,
        lookahead: {
          candidates: valued,
          chosen,
          failed: count - valued.length,
          critic: critic.name,
          criticCost,
          ...(tried?.untried === undefined ? {} : { untried: tried.untried }),
        },
      };
    },
  });
}

/** Asks for all replies at once; what the first call does not bring comes from further calls, all at the same time. A server that refuses the number is not asked for it again. */
function severalReplies(inner: Model, count: number) {
  let refused = false;
  const askFirst = async (request: ModelRequest, options: ModelCallOptions): Promise<ModelReply> => {
    if (refused) return await inner.complete(request, options);
    try {
      return await inner.complete({ ...request, choices: count }, options);
    } catch (error) {
      // A cassette from before, or of a provider that takes no number, knows the plain request.
      if (!['model-request-rejected', 'replay-miss'].includes(toFailure(error).code)) throw error;
      const reply = await inner.complete(request, options);
      refused = true;
      return reply;
    }
  };
  return async (request: ModelRequest, { callKey, signal }: ModelCallOptions) => {
    // Deltas of one candidate would be shown as if they were the reply.
    const first = await askFirst(request, { callKey, signal });
    const had = 1 + (first.alternatives ?? []).length;
    const missing = Array.from({ length: Math.max(0, count - had) }, (_, at) => had + at + 1);
    const settled = await Promise.allSettled(
      missing.map((number) => inner.complete(request, { callKey: `${callKey}~${number}`, signal })),
    );
    signal.throwIfAborted();
    return { first, others: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])) };
  };
}

/** The replies that one call brought, not valued yet. */
function candidatesOf({ message, stopReason, usage, cost, alternatives = [] }: ModelReply): CandidateReply[] {
  return [
    { message, stopReason, usage, cost, value: null },
    ...alternatives.map(
      (one): CandidateReply => ({ ...one, usage: NO_USAGE, cost: NO_COST, value: null, sameCall: true }),
    ),
  ];
}

const NO_COST: Cost = { kind: 'measured', usd: 0 };

interface Valued {
  value: number | null;
  cost: Cost;
}

/** The critic sees the attempt as it would be with this reply, and with what its calls brought when they were tried. */
async function appraise(
  critic: Critic,
  { system, messages }: ModelRequest,
  message: AssistantMessage,
  trial: Trial | null,
  { callKey, signal }: ModelCallOptions,
): Promise<Valued> {
  const [runId = '', instanceId = '', attempt = '1'] = callKey.split('/');
  const about = { runId, instanceId, attempt: Number(attempt), repo: '', patch: '', outcome: null, totals: null };
  const seen = trial === null ? [] : [{ role: 'tool' as const, results: trial.results }];
  try {
    const score = await critic.score({ ...about, system, messages: [...messages, message, ...seen] }, { signal });
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
