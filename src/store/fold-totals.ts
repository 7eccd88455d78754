/** Sums of one attempt, folded from its events. Folding the same events gives the same sums, however often the attempt was interrupted. */
import type { AttemptTotals, Cost, ModelReply, RunEvent } from '../contracts/index.ts';

export class TotalsFold {
  /** One reply per step: a reply that stands in the log twice was paid for once. */
  private readonly replies = new Map<number, ModelReply>();
  /** What critics cost, by step, and the steps after which recovery stepped in: each once, however often they were repeated. */
  private readonly valueCosts = new Map<number, Cost>();
  private readonly interventions = new Set<number>();
  private wallMs = 0;
  private segment: { first: number; last: number } | null = null;

  /**
   * Takes every event of the attempt, in order. Time counts from `attempt-start` or `attempt-resume` to the last event before the next one, or to `attempt-end`; running
   * recorded commands again after a resume does not count.
   */
  add(event: RunEvent): void {
    const at = Date.parse(event.at);
    if (event.type === 'attempt-start' || event.type === 'attempt-resume') {
      this.closeSegment();
      this.segment = { first: at, last: at };
    } else if (this.segment !== null) {
      this.segment.last = Math.max(this.segment.last, at);
      if (event.type === 'tool-end' && event.repeated !== undefined) this.segment.first = this.segment.last;
    }
    if (event.type === 'attempt-end') this.closeSegment();
    if (event.type === 'reply-end' && !this.replies.has(event.step)) this.replies.set(event.step, event.reply);
    if (event.type === 'step-end' && event.valueCost !== undefined && !this.valueCosts.has(event.step))
      this.valueCosts.set(event.step, event.valueCost);
    if (event.type === 'intervention') this.interventions.add(event.step);
  }

  totals(): AttemptTotals {
    const steps = [...this.replies].sort(([a], [b]) => a - b).map(([, reply]) => reply);
    const costs = [...steps.map((reply) => reply.cost), ...this.valueCosts.values()];
    const wallMs = this.wallMs + (this.segment === null ? 0 : this.segment.last - this.segment.first);
    const waitedMs = sum(steps.flatMap((reply) => reply.retries.map((retry) => retry.waitedMs)));
    const reasoning = steps.flatMap(({ usage }) => (usage.reasoning === null ? [] : [usage.reasoning]));
    return {
      steps: steps.length,
      usage: {
        inputUncached: sum(steps.map(({ usage }) => usage.inputUncached)),
        cacheRead: sum(steps.map(({ usage }) => usage.cacheRead)),
        cacheWrite5m: sum(steps.map(({ usage }) => usage.cacheWrite5m)),
        cacheWrite1h: sum(steps.map(({ usage }) => usage.cacheWrite1h)),
        output: sum(steps.map(({ usage }) => usage.output)),
        // Null only when no reply says it: some providers leave it out of replies without any reasoning.
        reasoning: reasoning.length === 0 ? null : sum(reasoning),
      },
      usd: sum(costs.map((cost) => (cost.kind === 'unknown' ? 0 : cost.usd))),
      unknownCosts: costs.filter((cost) => cost.kind === 'unknown').length,
      wallMs,
      workingMs: Math.max(0, wallMs - waitedMs),
      ...(this.interventions.size === 0 ? {} : { interventions: this.interventions.size }),
      ...lookaheadOf(steps),
    };
  }

  private closeSegment(): void {
    if (this.segment !== null) this.wallMs += this.segment.last - this.segment.first;
    this.segment = null;
  }
}

function lookaheadOf(replies: readonly ModelReply[]): Pick<AttemptTotals, 'lookahead'> {
  const chosen = replies.flatMap(({ lookahead }) => lookahead ?? []);
  if (chosen.length === 0) return {};
  const failed = sum(chosen.map((one) => one.failed));
  return { lookahead: { asked: failed + sum(chosen.map(({ candidates }) => candidates.length - 1)), failed } };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
