/** What k attempts per task pay and cost. Pure. Worked example: docs/payouts.md. */
import { type Detector, type Sequence, untilAccepted } from './detector.ts';
import { sum, type TaskOutcome, tally } from './priced-outcome.ts';

export interface PayoutPoint {
  k: number;
  /** Tasks with at least k judged attempts: the others are in no number of this point. */
  tasks: number;
  /** Dollars of these tasks. */
  possible: number;
  /** payout@k: sum of price times unbiased pass@k (Chen et al. 2021). Dollars. */
  payout: number;
  /** Dollars of right attempts that are accepted, less those of wrong ones that are; `payout` where who looks does not err. */
  accepted: number;
  /** Expected dollars for the attempts and for looking at them, one after another until one is accepted. Null with an unknown cost. */
  spent: number | null;
  /** What the k-th attempt adds to `accepted` and `spent` on the tasks of this point. */
  added: { accepted: number; spent: number | null };
  /** `(accepted - spent) / spent`; null with an unknown cost or none. */
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
const NO_ATTEMPT: Sequence = { tries: 0, trueAccept: 0, falseAccept: 0 };

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
    const before = k === 1 ? NO_ATTEMPT : untilAccepted(judged, passed, k - 1, detector);
    const passAtK = untilAccepted(judged, passed, k, NO_ERRORS).trueAccept;
    return [{ price: task.price, cost: meanCost(task), passAtK, sequence, before }];
  });
  const unknown = rows.some((row) => row.cost === null);
  const worth = (at: 'sequence' | 'before') =>
    sum(rows, (row) => row.price * (row[at].trueAccept - row[at].falseAccept));
  const paidFor = (at: 'sequence' | 'before') =>
    unknown ? null : sum(rows, (row) => row[at].tries * ((row.cost ?? 0) + detector.reviewUsd));
  const [accepted, spent] = [worth('sequence'), paidFor('sequence')];
  const possible = sum(rows, (row) => row.price);
  const payout = sum(rows, (row) => row.price * row.passAtK);
  const added = {
    accepted: accepted - worth('before'),
    spent: spent === null ? null : spent - (paidFor('before') ?? 0),
  };
  const point = { k, tasks: rows.length, possible, payout, accepted, spent, added };
  if (spent === null) return { ...point, roi: null, agentFirst: null };
  const undelivered = sum(rows, (row) => row.sequence.falseAccept * row.price);
  const spend = spent + possible - accepted;
  const saving = possible === 0 ? 0 : 1 - spend / possible;
  return { ...point, roi: spent === 0 ? null : (accepted - spent) / spent, agentFirst: { spend, saving, undelivered } };
}

/** Dollars of one attempt; null when one of them is unknown. Attempts that the infrastructure lost cost money, too. */
function meanCost({ attempts }: TaskOutcome): number | null {
  const costs = attempts.map((one) => one.costUsd).filter((cost) => cost !== null);
  if (costs.length < attempts.length || costs.length === 0) return null;
  return sum(costs, (cost) => cost) / costs.length;
}

/**
 * The k at which further attempts stop to pay: the last one that adds more than it costs; 0 when not even the first does. What an attempt adds is seen on the tasks that have k
 * judged attempts, so tasks with fewer do not look like losses. Null with an unknown cost.
 */
export function lastPayingK(curve: readonly PayoutPoint[]): number | null {
  for (const { k, added } of curve) {
    if (added.spent === null) return null;
    if (added.accepted <= added.spent) return k - 1;
  }
  return curve.length;
}
