/** A payout report for a terminal. */
import { counted } from '../base/counted.ts';
import { earnedDifference } from '../payout/economics/earned-difference.ts';
import type { Earnings } from '../payout/economics/earnings.ts';
import type { PayoutPoint } from '../payout/economics/payout-curve.ts';
import type { Baseline } from '../payout/manager/baselines.ts';
import { CAP, type PayoutReport } from '../payout/payout-report.ts';
import { interval, percent } from './run-report.ts';

export function payoutText(report: PayoutReport): string {
  const { earnings, totals } = report;
  const head = [
    `payout of run ${report.runId}: ${report.model} on ${report.dataset}, set version ${report.setVersion}${report.pricesShown ? ', prices shown to the agent' : ''}`,
    ...notes(report),
  ];
  if (earnings.all.tasks === 0) return [...head, nothingJudged(report), costLine(report), ''].join('\n');
  return [
    ...head,
    `earned ${earnedText(earnings.all)}; 95 % interval ${interval(report.interval)}`,
    `  infrastructure failures as failures: ${dollars(earnings.all.strict.earned)} of ${dollars(earnings.all.strict.possible)} (${percent(earnings.all.strict.share)}); first run of the tests only: ${dollars(earnings.all.earnedAtOnce)}`,
    `  prices capped at ${dollars(CAP)}: ${interval(report.capped)}`,
    ...cutLines('kind', earnings.byKind),
    ...cutLines('category', earnings.byCategory),
    ...cutLines('price', earnings.byBand),
    ...report.baselines.map((one) => baselineLine(one, totals.byKind.manager)),
    costLine(report),
    detectorLine(report),
    ...report.curve.map(curveLine),
    ...(report.lastPayingK === null || report.curve.length < 2
      ? []
      : [`attempts pay up to k = ${report.lastPayingK}, each k seen on the tasks that have so many`]),
    ...breakEvenLines(report),
    '',
  ].join('\n');
}

function nothingJudged({ tasks, earnings }: PayoutReport): string {
  if (tasks.length === 0) return 'No task of this run has a price: there is nothing to earn.';
  const { infraFailures } = earnings.all;
  const failed = infraFailures === 0 ? '' : `: ${counted(infraFailures, 'infrastructure failure')}`;
  return `No attempt has a verdict${failed}. Nothing can be said of what was earned.`;
}

function costLine({ costs }: PayoutReport): string {
  const { usd, unknown, attempts, perAttempt, perPassed, perEarnedDollar } = costs;
  if (unknown > 0) return `cost at least ${cents(usd)} (${counted(unknown, 'attempt')} without a price)`;
  const rates = [
    ...(attempts === 0 ? [] : [`${cents(perAttempt)} per attempt`]),
    ...(perPassed === null ? [] : [`${cents(perPassed)} per attempt that passed`]),
    ...(perEarnedDollar === null ? [] : [`${cents(perEarnedDollar)} per dollar earned`]),
  ];
  return `cost ${cents(usd)}${rates.length === 0 ? '' : `: ${rates.join(', ')}`}`;
}

function notes({ unpriced, changed, unfinished, skipped, totals, concentration }: PayoutReport): string[] {
  const twice = totals.countedTwice;
  return [
    ...(unpriced.length > 0 ? [`  not in any figure, without a price: ${unpriced.join(', ')}`] : []),
    ...(changed.length > 0 ? [`  changed or gone since the run: ${changed.join(', ')}`] : []),
    ...(unfinished > 0 ? [`  not in any figure, not finished: ${counted(unfinished, 'attempt')}`] : []),
    ...(skipped > 0 ? [`  not made, an earlier one was sure enough: ${counted(skipped, 'attempt')}`] : []),
    ...(twice.dollars > 0
      ? [
          `  ${dollars(twice.dollars)} of it are bounties counted again: each once makes ${dollars(totals.once.dollars)}`,
        ]
      : []),
    ...(concentration.warning === null ? [] : [`  warning: ${concentration.warning}`]),
  ];
}

const earnedText = (one: Earnings) =>
  `${dollars(one.earned)} of ${dollars(one.possible)} (${percent(one.share)}, ${counted(one.tasks, 'task')}${one.infraFailures > 0 ? `, ${counted(one.infraFailures, 'infrastructure failure')}` : ''})`;

function cutLines(title: string, cut: Readonly<Record<string, Earnings>>): string[] {
  const width = Math.max(0, ...Object.keys(cut).map((name) => name.length));
  return Object.entries(cut).map(([name, one]) => `  ${title} ${name.padEnd(width)}  ${earnedText(one)}`);
}

export function baselineLine({ name, right, earned }: Baseline, manager: { tasks: number; dollars: number }): string {
  const count = Number.isInteger(right) ? String(right) : right.toFixed(1);
  return `  choosing ${name === 'random' ? 'at random' : `the ${name}`}: ${count} of ${counted(manager.tasks, 'manager task')}, ${dollars(earned)} of ${dollars(manager.dollars)}`;
}

function detectorLine({ detector }: PayoutReport): string {
  const { reviewUsd, falseAccept, falseReject } = detector;
  return `looking at an attempt costs ${cents(reviewUsd)}, accepts ${percent(falseAccept)} of the wrong and rejects ${percent(falseReject)} of the right ones:`;
}

function curveLine(point: PayoutPoint): string {
  const head = `  k = ${point.k}: payout@${point.k} ${dollars(point.payout)} of ${dollars(point.possible)} (${counted(point.tasks, 'task')})`;
  if (point.spent === null || point.agentFirst === null) return `${head}, cost unknown`;
  const { spend, saving, undelivered } = point.agentFirst;
  const right = point.accepted + undelivered;
  const errs = undelivered > 0 || Math.abs(point.payout - right) > 1e-9;
  const taken = errs ? `, accepted ${dollars(right)} right and ${dollars(undelivered)} wrong` : '';
  return `${head}${taken} for ${cents(point.spent)}, return ${point.roi === null ? 'unknown' : point.roi.toFixed(1)}; freelancer on failure: ${dollars(spend)}, saves ${percent(saving)}`;
}

function breakEvenLines({ bands, breakEvenPrice }: PayoutReport): string[] {
  const rows = bands.map(
    (row) =>
      `  ${row.band}: passes ${percent(row.passRate)} of ${counted(row.attempts, 'attempt')}, ${row.needed === null ? 'needed: unknown' : `pays from ${percent(row.needed)}`}`,
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
    return `${names}: ${interval(share)} more of ${dollars(possible)} (${counted(tasks, 'task')} judged in both; tasks drawn again in pairs, then attempts)`;
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** With thousands separated. From $100 on rounded to whole dollars, below it with cents where there are any. */
export function dollars(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  if (rounded < 100 && !Number.isInteger(rounded)) return `$${rounded.toFixed(2)}`;
  return `$${Math.round(value).toLocaleString('en-US')}`;
}

function cents(value: number | null): string {
  return value === null ? 'unknown' : `$${value.toFixed(value < 1 ? 4 : 2)}`;
}
