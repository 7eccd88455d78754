/** Everything `assay payout` says of one run, as data. Pure. */
import type { ManagerTask, RunRecord, TaskInstance } from '../contracts/index.ts';
import type { Interval } from '../stats/intervals.ts';
import { type Concentration, concentration } from './economics/concentration.ts';
import { type Costs, costsOf } from './economics/costs.ts';
import { breakEvenPrice, breakEvenProbability, type Detector } from './economics/detector.ts';
import { earnedInterval } from './economics/earned-interval.ts';
import { type EarningsByCut, earningsByCut } from './economics/earnings.ts';
import { lastPayingK, type PayoutPoint, payoutCurve } from './economics/payout-curve.ts';
import { bandOf, PRICE_BANDS } from './economics/price-bands.ts';
import { sum, type TaskOutcome, tally } from './economics/priced-outcome.ts';
import { type Baseline, choiceBaselines } from './manager/baselines.ts';
import { type PriceTotals, priceTotals } from './price-totals.ts';
import { runOutcomes } from './run-outcomes.ts';

export interface PayoutReport {
  runId: string;
  model: string;
  dataset: string;
  /** Of prices and groups: what the dollars are dollars of. */
  setVersion: string;
  pricesShown: boolean;
  totals: PriceTotals;
  unpriced: string[];
  /** Tasks that changed after the run, or are gone. */
  changed: string[];
  unfinished: number;
  skipped: number;
  earnings: EarningsByCut;
  interval: Interval;
  /** The same with no price above `CAP`. */
  capped: Interval;
  /** What choosing without reading earns on the manager tasks of the run; empty when there are none. */
  baselines: Baseline[];
  costs: Costs;
  detector: Detector;
  curve: PayoutPoint[];
  /** Null with an unknown cost. */
  lastPayingK: number | null;
  bands: BandBreakEven[];
  /** Price from which one attempt pays at the run's pass rate; null with an unknown cost or without any verdict. */
  breakEvenPrice: number | null;
  concentration: Concentration;
  /** What all figures are folded from. */
  tasks: TaskOutcome[];
}

/** Measured against needed, within one price band. */
export interface BandBreakEven {
  band: string;
  meanPrice: number;
  /** With a verdict. */
  attempts: number;
  passRate: number;
  /** Null with an unknown cost. */
  needed: number | null;
}

/** Dollars; most published tasks are below it. */
export const CAP = 1_000;

export function payoutReport(record: RunRecord, instances: readonly TaskInstance[], detector: Detector): PayoutReport {
  const { tasks, unpriced, changed, unfinished, skipped, setVersion } = runOutcomes(record, instances);
  const ofRun = new Set(tasks.map((task) => task.id));
  const costs = costsOf(tasks);
  const curve = payoutCurve(tasks, detector);
  const rate = passRate(tasks);
  return {
    runId: record.manifest.runId,
    model: record.manifest.model.id,
    dataset: record.manifest.dataset.reference,
    setVersion,
    pricesShown: record.manifest.dataset.reference.endsWith('+prices'),
    totals: priceTotals(tasks),
    unpriced,
    changed,
    unfinished,
    skipped,
    earnings: earningsByCut(tasks),
    interval: earnedInterval(tasks),
    capped: earnedInterval(tasks, { cap: CAP }),
    baselines: baselinesOf(instances.filter((one) => ofRun.has(one.instanceId))),
    costs,
    detector,
    curve,
    lastPayingK: lastPayingK(curve),
    bands: bandRows(tasks, detector),
    breakEvenPrice:
      costs.perAttempt === null || rate === null ? null : breakEvenPrice(rate, costs.perAttempt, detector),
    concentration: concentration(tasks.map((task) => task.price)),
    tasks,
  };
}

function baselinesOf(instances: readonly TaskInstance[]): Baseline[] {
  const choices = instances.flatMap((instance) => managerTaskOf(instance));
  return choices.length === 0 ? [] : choiceBaselines(choices);
}

/** Zero or one. */
function managerTaskOf({ instanceId, task, proposals = [] }: TaskInstance): ManagerTask[] {
  if (task.choice === undefined || task.price === undefined) return [];
  const { title, tags, group = instanceId, price, choice } = task;
  const common = { id: instanceId, title, description: '', price: price.amount, group, categories: tags };
  return [{ ...common, kind: 'manager', proposals, answer: choice.answer }];
}

function bandRows(tasks: readonly TaskOutcome[], detector: Detector): BandBreakEven[] {
  return PRICE_BANDS.flatMap(({ name }) => {
    const inBand = tasks.filter((task) => bandOf(task.price) === name);
    const rate = passRate(inBand);
    if (rate === null) return [];
    const meanPrice = sum(inBand, (task) => task.price) / inBand.length;
    const { perAttempt } = costsOf(inBand);
    const needed = perAttempt === null ? null : breakEvenProbability(meanPrice, perAttempt, detector);
    const attempts = sum(inBand, (task) => tally(task).judged);
    return [{ band: name, meanPrice, attempts, passRate: rate, needed }];
  });
}

/** Of all judged attempts; null when there are none. */
function passRate(tasks: readonly TaskOutcome[]): number | null {
  const tallies = tasks.map(tally);
  const judged = sum(tallies, (one) => one.judged);
  return judged === 0 ? null : sum(tallies, (one) => one.passed) / judged;
}
