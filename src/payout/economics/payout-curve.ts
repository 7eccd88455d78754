/** What k attempts per task pay and cost. Pure. Worked example: docs/payouts.md. */
import { type Detector, untilAccepted } from './detector.ts';
import { sum, type TaskOutcome, tally } from './priced-outcome.ts';

export interface PayoutPoint {
  k: number;
  /** Tasks with at least k judged attempts: the others are in no number of this point. */
  tasks: number;
  /** Dollars of these tasks. */
  possible: number;
  /** payout@k: sum of price times unbiased pass@k (Chen et al. 2021). Dollars. */
  payout: number;
  /** Expected dollars for the attempts and for looking at them, one after another until one is accepted. Null with an unknown cost. */
  spent: number | null;
  /** `(payout - spent) / spent`; null with an unknown cost or none. */
  roi: number | null;
  agentFirst: AgentFirst | null;
}

/** The agent tries first; a freelancer is paid the price where no attempt was accepted. */
export interface AgentFirst {
  /** Dollars in all. */
  spend: number;
  /** Compared with paying the price of every task; below 0 it is dearer. */
  saving: number;
  /** Dollars of tasks whose accepted answer is wrong. */
  undelivered: number;
}

const NO_ERRORS: Detector = { reviewUsd: 0, falseAccept: 0, falseReject: 0 };

/** One point per k from 1 to the largest number of judged attempts of any task. */
export function payoutCurve(tasks: readonly TaskOutcome[], detector: Detector = NO_ERRORS): PayoutPoint[] {
  const most = Math.max(0, ...tasks.map((task) => tally(task).judged));
  return Array.from({ length: most }, (_, index) => payoutPoint(tasks, index + 1, detector));
}

function payoutPoint(tasks: readonly TaskOutcome[], k: number, detector: Detector): PayoutPoint {
  const rows = tasks.flatMap((task) => {
    const { judged, passed } = tally(task);
    if (judged < k) return [];
    const sequence = untilAccepted(judged, passed, k, detector);
    const passAtK = untilAccepted(judged, passed, k, NO_ERRORS).trueAccept;
    return [{ price: task.price, cost: meanCost(task), passAtK, ...sequence }];
  });
  const possible = sum(rows, (row) => row.price);
  const payout = sum(rows, (row) => row.price * row.passAtK);
  const unknown = rows.some((row) => row.cost === null);
  const spent = unknown ? null : sum(rows, (row) => row.tries * ((row.cost ?? 0) + detector.reviewUsd));
  const point = { k, tasks: rows.length, possible, payout, spent };
  if (spent === null) return { ...point, roi: null, agentFirst: null };
  const undelivered = sum(rows, (row) => row.falseAccept * row.price);
  const spend = spent + sum(rows, (row) => (1 - row.trueAccept) * row.price) + undelivered;
  const saving = possible === 0 ? 0 : 1 - spend / possible;
  return { ...point, roi: spent === 0 ? null : (payout - spent) / spent, agentFirst: { spend, saving, undelivered } };
}

/** Dollars of one attempt; null when one of them is unknown. Attempts that the infrastructure lost cost money, too. */
function meanCost({ attempts }: TaskOutcome): number | null {
  const costs = attempts.map((one) => one.costUsd).filter((cost) => cost !== null);
  if (costs.length < attempts.length || costs.length === 0) return null;
  return sum(costs, (cost) => cost) / costs.length;
}

/** The k at which further attempts stop to pay: the last one whose gain over k - 1 exceeds what it costs more; 0 when not even the first does. */
export function lastPayingK(curve: readonly PayoutPoint[]): number | null {
  let [paid, spent] = [0, 0];
  for (const point of curve) {
    if (point.spent === null) return null;
    if (point.payout - paid <= point.spent - spent) return point.k - 1;
    [paid, spent] = [point.payout, point.spent];
  }
  return curve.length;
}
