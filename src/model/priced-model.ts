/** Puts a price on each reply, and holds a run-wide budget by reservation: many workers together cannot overshoot it. */
import { AssayError, type FailureCode, type Model, type ModelRequest } from '../contracts/index.ts';
import { Budget, type Spending } from './budget.ts';
import type { PriceBook } from './prices/price-book.ts';
import { wrapModel } from './wrap-model.ts';

export { Budget, type Spending };

/** A cost that the provider measured stays. Without a usage in the reply, or without a price, the cost is unknown. */
export function pricedModel(inner: Model, prices: PriceBook): Model {
  return wrapModel(inner, {
    contextTokens: inner.contextTokens ?? prices.find(inner.id)?.contextTokens ?? null,
    async complete(request, call) {
      const reply = await inner.complete(request, call);
      if (reply.cost.kind === 'measured' || reply.rawUsage === null) return reply;
      return { ...reply, cost: prices.cost(inner.id, reply.usage) };
    },
  });
}

/** Failures after which the provider may charge for what it had written. */
const MAY_COST: readonly FailureCode[] = ['model-stream-cut', 'model-timeout', 'model-reply-malformed'];

/**
 * Reserves the worst case of each call before it is made, and waits for other calls to end where only their reservations stand in the way. Throws `limit-cost` when the money that is left
 * does not cover the call; `model-price-unknown` at once for a model without a price. Tries that broke off are booked with their worst case, since nobody says what they cost.
 */
export function budgetedModel(inner: Model, prices: PriceBook, budget: Spending): Model {
  demandPrice(inner.id, prices);
  return wrapModel(inner, {
    async complete(request, call) {
      const worst = worstCase(request, prices, inner.id);
      await budget.reserve(worst, call.signal);
      let spent = 0;
      try {
        const reply = await inner.complete(request, call);
        const broken = reply.retries.filter(({ failure }) => MAY_COST.includes(failure.code)).length;
        spent = broken * worst + (reply.cost.kind === 'unknown' ? worst : reply.cost.usd);
        return reply;
      } catch (error) {
        if (error instanceof AssayError && MAY_COST.includes(error.code)) spent = worst;
        throw error;
      } finally {
        budget.settle(worst, spent);
      }
    },
  });
}

/** A limit in dollars can be held only where prices are known. Throws `model-price-unknown`. */
export function demandPrice(modelId: string, prices: PriceBook): void {
  if (prices.find(modelId) !== undefined) return;
  throw new AssayError(
    'model-price-unknown',
    `no price is known for ${modelId}, so a limit in dollars cannot be held`,
    {
      class: 'input',
      retryable: false,
      hint: 'Give its prices with --prices FILE, or run without --budget and --max-cost.',
    },
  );
}

/** Dollars: every two bytes a token and all of it written to the cache, images 2,000 tokens each, the output used up. */
function worstCase(request: ModelRequest, prices: PriceBook, modelId: string): number {
  let images = 0;
  const text = JSON.stringify([request.system, request.messages, request.tools], (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || (value as { type?: unknown }).type !== 'image') return value;
    images++;
    return '';
  });
  const input = Math.ceil(Buffer.byteLength(text) / 2) + images * 2_000;
  const cost = prices.cost(modelId, {
    inputUncached: 0,
    cacheRead: 0,
    cacheWrite5m: input,
    cacheWrite1h: 0,
    output: request.maxOutputTokens * (request.choices ?? 1),
    reasoning: null,
  });
  return cost.kind === 'unknown' ? 0 : cost.usd;
}
