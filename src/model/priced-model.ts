/** Puts a price on each reply, and holds a run-wide budget by reservation: many workers together cannot overshoot it. */
import { AssayError, type Model, type ModelRequest } from '../contracts/index.ts';
import type { PriceBook } from './prices/price-book.ts';

export function pricedModel(inner: Model, prices: PriceBook): Model {
  return {
    id: inner.id,
    contextTokens: inner.contextTokens ?? prices.find(inner.id)?.contextTokens ?? null,
    close: () => inner.close(),
    async complete(request, call) {
      const reply = await inner.complete(request, call);
      return reply.cost.kind === 'measured' ? reply : { ...reply, cost: prices.cost(inner.id, reply.usage) };
    },
  };
}

/** Dollars of one run, shared by all its workers. */
export class Budget {
  private settled: number;
  private reserved = 0;
  private readonly limitUsd: number;

  /** `spentUsd`: what the run has cost before, when it is resumed. */
  constructor(limitUsd: number, spentUsd = 0) {
    this.limitUsd = limitUsd;
    this.settled = spentUsd;
  }

  get spentUsd(): number {
    return this.settled;
  }

  /** Sets `usd` aside; throws `limit-cost` when settled and reserved money leave no room for it. */
  reserve(usd: number): void {
    if (this.settled + this.reserved + usd > this.limitUsd) {
      throw new AssayError(
        'limit-cost',
        `the budget of $${this.limitUsd} does not cover another call: $${this.settled.toFixed(4)} are spent, $${this.reserved.toFixed(4)} reserved`,
        {
          class: 'limit',
          retryable: false,
          hint: 'Raise --budget and resume the run.',
          // Tells the run's budget from the cost limit of one attempt: this one stops the run.
          details: { scope: 'run' },
        },
      );
    }
    this.reserved += usd;
  }

  /** Gives a reservation back and books what the call cost. */
  settle(reservedUsd: number, usd: number): void {
    this.reserved = Math.max(0, this.reserved - reservedUsd);
    this.settled += usd;
  }
}

/** Reserves the worst case of each call before it is made. Throws `model-price-unknown` at once for a model without a price. */
export function budgetedModel(inner: Model, prices: PriceBook, budget: Budget): Model {
  if (prices.find(inner.id) === undefined) {
    throw new AssayError('model-price-unknown', `no price is known for ${inner.id}, so a budget cannot be held`, {
      class: 'input',
      retryable: false,
      hint: 'Give its prices with --prices FILE, or run without --budget.',
    });
  }
  return {
    id: inner.id,
    contextTokens: inner.contextTokens,
    close: () => inner.close(),
    async complete(request, call) {
      const worst = worstCase(request, prices, inner.id);
      budget.reserve(worst);
      try {
        const reply = await inner.complete(request, call);
        budget.settle(worst, reply.cost.kind === 'unknown' ? worst : reply.cost.usd);
        return reply;
      } catch (error) {
        budget.settle(worst, 0);
        throw error;
      }
    },
  };
}

/** Every two characters a token and all of it written to the cache, images 2,000 tokens each, the output used up. */
function worstCase(request: ModelRequest, prices: PriceBook, modelId: string): number {
  let images = 0;
  const text = JSON.stringify([request.system, request.messages, request.tools], (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || (value as { type?: unknown }).type !== 'image') return value;
    images++;
    return '';
  });
  const input = Math.ceil(text.length / 2) + images * 2_000;
  const cost = prices.cost(modelId, {
    inputUncached: 0,
    cacheRead: 0,
    cacheWrite5m: input,
    cacheWrite1h: 0,
    output: request.maxOutputTokens,
    reasoning: null,
  });
  return cost.kind === 'unknown' ? 0 : cost.usd;
}
