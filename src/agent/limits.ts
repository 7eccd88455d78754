/** When an attempt must end although the model would go on. */
import { type AgentLimits, AssayError, type Failure, type ModelReply, type TokenUsage } from '../contracts/index.ts';

/** A model's own context is taken as full when fewer tokens than this are left for the results and the next reply. */
const CONTEXT_RESERVE_TOKENS = 1_024;

/** What has been used so far. */
export interface Spent {
  steps: number;
  /** Input and output tokens of all calls. */
  tokens: number;
  /** Sum of the known costs. */
  usd: number;
  /** Input and output tokens of the last call: what the next call sends again. */
  contextTokens: number;
}

export function addReply(spent: Spent, reply: ModelReply): void {
  spent.steps++;
  spent.tokens += tokensOf(reply.usage);
  spent.usd += reply.cost.kind === 'unknown' ? 0 : reply.cost.usd;
  spent.contextTokens = tokensOf(usageOfChosenCall(reply));
}

/** Of the call that brought the reply; where that call brought several, the outputs of all of them. */
function usageOfChosenCall({ lookahead, usage }: ModelReply): TokenUsage {
  const before = lookahead?.candidates.slice(0, lookahead.chosen + 1) ?? [];
  return before.findLast((one) => one.sameCall !== true)?.usage ?? usage;
}

function tokensOf({ inputUncached, cacheRead, cacheWrite5m, cacheWrite1h, output }: TokenUsage): number {
  return inputUncached + cacheRead + cacheWrite5m + cacheWrite1h + output;
}

/** The limit that forbids another step, if one does. `elapsedMs`: wall time of the attempt; `modelContext`: the model's own, when known. */
export function reachedLimit(
  spent: Spent,
  limits: AgentLimits,
  modelContext: number | null,
  elapsedMs: number,
): Failure | undefined {
  if (spent.steps >= limits.steps) return limit('limit-steps', `${limits.steps} steps are used up`);
  if (elapsedMs >= limits.wallSeconds * 1000) return limit('limit-wall-time', `${limits.wallSeconds} s are over`);
  if (limits.tokens !== undefined && spent.tokens >= limits.tokens)
    return limit('limit-tokens', `${spent.tokens} of ${limits.tokens} tokens are used`);
  if (limits.costUsd !== undefined && spent.usd >= limits.costUsd)
    return limit('limit-cost', `$${spent.usd.toFixed(4)} of $${limits.costUsd} are spent`);
  const context = limits.contextTokens ?? (modelContext === null ? undefined : modelContext - CONTEXT_RESERVE_TOKENS);
  if (context !== undefined && spent.steps > 0 && spent.contextTokens >= context)
    return limit('limit-context', `the conversation has ${spent.contextTokens} tokens, ${context} may be used`);
  return undefined;
}

function limit(
  code: 'limit-steps' | 'limit-wall-time' | 'limit-tokens' | 'limit-cost' | 'limit-context',
  message: string,
): Failure {
  return new AssayError(code, message, { class: 'limit', retryable: false }).toFailure();
}
