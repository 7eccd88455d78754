/** A payout report for a terminal. */
import { earnedDifference } from '../payout/economics/earned-difference.ts';
import type { Earnings } from '../payout/economics/earnings.ts';
import type { PayoutPoint } from '../payout/economics/payout-curve.ts';
import type { Baseline } from '../payout/manager/baselines.ts';
import { CAP, type PayoutReport } from '../payout/payout-report.ts';
import { interval, percent } from './run-report.ts';

export function payoutText(report: PayoutReport): string {
  const { earnings, costs, totals } = report;
  return [
    `payout of run ${report.runId}: ${report.model} on ${report.dataset}, set version ${report.setVersion}${report.pricesShown ? ', prices shown to the agent' : ''}`,
    ...notes(report),
    `earned ${earnedText(earnings.all)}; 95 % interval ${interval(report.interval)}`,
    `  infrastructure failures as failures: ${dollars(earnings.all.strict.earned)} of ${dollars(earnings.all.strict.possible)} (${percent(earnings.all.strict.share)}); first run of the tests only: ${dollars(earnings.all.earnedAtOnce)}`,
    `  prices capped at ${dollars(CAP)}: ${interval(report.capped)}`,
    ...cutLines('kind', earnings.byKind),
    ...cutLines('category', earnings.byCategory),
    ...cutLines('price', earnings.byBand),
    ...report.baselines.map((one) => baselineLine(one, totals.byKind.manager)),
    `cost ${costs.unknown > 0 ? `at least ${cents(costs.usd)} (${costs.unknown} attempts without a price)` : `${cents(costs.usd)}: ${cents(costs.perAttempt)} per attempt, ${cents(costs.perPassed)} per task passed, ${cents(costs.perEarnedDollar)} per dollar earned`}`,
    detectorLine(report),
    ...report.curve.map(curveLine),
    ...(report.lastPayingK === null || report.curve.length < 2 ? [] : [`attempts pay up to k = ${report.lastPayingK}`]),
    ...breakEvenLines(report),
    '',
  ].join('\n');
}

function notes({ unpriced, changed, unfinished, totals, concentration }: PayoutReport): string[] {
  const twice = totals.countedTwice;
  return [
    ...(unpriced.length > 0 ? [`  not in any figure, without a price: ${unpriced.join(', ')}`] : []),
    ...(changed.length > 0 ? [`  changed or gone since the run: ${changed.join(', ')}`] : []),
    ...(unfinished > 0 ? [`  not in any figure: ${unfinished} attempts that are not finished`] : []),
    ...(twice.dollars > 0
      ? [
          `  ${dollars(twice.dollars)} of it are bounties counted again: each once makes ${dollars(totals.once.dollars)}`,
        ]
      : []),
    ...(concentration.warning === null ? [] : [`  warning: ${concentration.warning}`]),
  ];
}

const earnedText = (one: Earnings) =>
  `${dollars(one.earned)} of ${dollars(one.possible)} (${percent(one.share)}, ${one.tasks} tasks${one.infraFailures > 0 ? `, ${one.infraFailures} infrastructure failures` : ''})`;

function cutLines(title: string, cut: Readonly<Record<string, Earnings>>): string[] {
  const width = Math.max(0, ...Object.keys(cut).map((name) => name.length));
  return Object.entries(cut).map(([name, one]) => `  ${title} ${name.padEnd(width)}  ${earnedText(one)}`);
}

export function baselineLine({ name, right, earned }: Baseline, manager: { tasks: number; dollars: number }): string {
  const count = Number.isInteger(right) ? String(right) : right.toFixed(1);
  return `  choosing ${name === 'random' ? 'at random' : `the ${name}`}: ${count} of ${manager.tasks} manager tasks, ${dollars(earned)} of ${dollars(manager.dollars)}`;
}

function detectorLine({ detector }: PayoutReport): string {
  const { reviewUsd, falseAccept, falseReject } = detector;
  return `looking at an attempt costs ${cents(reviewUsd)}, accepts ${percent(falseAccept)} of the wrong and rejects ${percent(falseReject)} of the right ones:`;
}

function curveLine(point: PayoutPoint): string {
  const head = `  k = ${point.k}: payout@${point.k} ${dollars(point.payout)} of ${dollars(point.possible)} (${point.tasks} tasks)`;
  if (point.spent === null || point.agentFirst === null) return `${head}, cost unknown`;
  const { spend, saving, undelivered } = point.agentFirst;
  const wrong = undelivered > 0 ? `, ${dollars(undelivered)} accepted wrongly` : '';
  return `${head} for ${cents(point.spent)}, return ${point.roi === null ? 'unknown' : point.roi.toFixed(1)}; freelancer on failure: ${dollars(spend)}, saves ${percent(saving)}${wrong}`;
}

function breakEvenLines({ bands, breakEvenPrice }: PayoutReport): string[] {
  const rows = bands.map(
    (row) =>
      `  ${row.band}: passes ${percent(row.passRate)} of ${row.attempts} attempts, ${row.needed === null ? 'needed: unknown' : `pays from ${percent(row.needed)}`}`,
  );
  if (breakEvenPrice === null) return rows;
  const price = Number.isFinite(breakEvenPrice) ? `pays from a price of ${cents(breakEvenPrice)}` : 'pays at no price';
  return [`one attempt ${price}`, ...rows];
}

/** The first run against each further one; dollars of another set version are not compared. */
export function differencesText([first, ...others]: readonly PayoutReport[]): string {
  if (first === undefined) return '';
  const lines = others.map((other) => {
    const names = `${first.runId} against ${other.runId}`;
    if (first.setVersion !== other.setVersion) return `${names}: not compared, the prices or tasks differ`;
    const { tasks, possible, share } = earnedDifference(first.tasks, other.tasks);
    return `${names}: ${interval(share)} more of ${dollars(possible)} (${tasks} tasks judged in both, pairs drawn again)`;
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** Whole dollars with thousands separated. */
export function dollars(value: number): string {
  return `$${Math.round(value).toLocaleString('en-US')}`;
}

function cents(value: number | null): string {
  return value === null ? 'unknown' : `$${value.toFixed(value < 1 ? 4 : 2)}`;
}
