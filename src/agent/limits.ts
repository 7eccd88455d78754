/** When an attempt must end although the model would go on. */
import { type AgentLimits, AssayError, type Failure, type Model, type ModelReply } from '../contracts/index.ts';

/** What has been used so far. */
export interface Spent {
  steps: number;
  tokens: number;
  usd: number;
  /** Input and output tokens of the last call: what the next call sends again. */
  contextTokens: number;
}

export function addReply(spent: Spent, reply: ModelReply): void {
  const { usage } = reply;
  const input = usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
  spent.steps++;
  spent.tokens += input + usage.output;
  spent.usd += reply.cost.kind === 'unknown' ? 0 : reply.cost.usd;
  spent.contextTokens = input + usage.output;
}

/** The limit that forbids another step, if one does. `elapsedMs`: wall time of the attempt. */
export function reachedLimit(
  spent: Spent,
  limits: AgentLimits,
  model: Model,
  elapsedMs: number,
  maxOutputTokens: number,
): Failure | undefined {
  const context = limits.contextTokens ?? model.contextTokens ?? undefined;
  if (spent.steps >= limits.steps) return limit('limit-steps', `${limits.steps} steps are used up`);
  if (elapsedMs >= limits.wallSeconds * 1000) return limit('limit-wall-time', `${limits.wallSeconds} s are over`);
  if (limits.tokens !== undefined && spent.tokens >= limits.tokens)
    return limit('limit-tokens', `${spent.tokens} of ${limits.tokens} tokens are used`);
  if (limits.costUsd !== undefined && spent.usd >= limits.costUsd)
    return limit('limit-cost', `$${spent.usd.toFixed(4)} of $${limits.costUsd} are spent`);
  if (
    context !== undefined &&
    spent.contextTokens > 0 &&
    spent.contextTokens + Math.min(maxOutputTokens, 1024) >= context
  ) {
    return limit('limit-context', `the conversation has ${spent.contextTokens} tokens, the context ${context}`);
  }
  return undefined;
}

function limit(
  code: 'limit-steps' | 'limit-wall-time' | 'limit-tokens' | 'limit-cost' | 'limit-context',
  message: string,
): Failure {
  return new AssayError(code, message, { class: 'limit', retryable: false }).toFailure();
}
