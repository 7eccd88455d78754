/** A selection for a terminal: winners with their reasons, curves against k and dollars, fits. */
import { counted } from '../base/counted.ts';
import type { InstanceSelection } from '../select/selection.ts';
import type { SelectionCurve, SelectionCurves } from '../select/selection-curves.ts';
import type { Interval } from '../stats/intervals.ts';
import { interval, percent } from './run-report.ts';

/** One line per instance, and below it one per candidate when `everyReason` is asked for. */
export function winnersText(selections: readonly InstanceSelection[], everyReason: boolean): string {
  const width = Math.max(8, ...selections.map((one) => one.instanceId.length));
  const lines = selections.flatMap(({ instanceId, winner, candidates, withoutPatch }) => {
    const head =
      winner === null
        ? `  ${instanceId.padEnd(width)}  no attempt came to a patch`
        : `  ${instanceId.padEnd(width)}  ${nameOf(winner)} of ${candidates.length + withoutPatch}  ${winner.verdict ?? 'not graded'}  ${winner.reason}`;
    if (!everyReason) return [head];
    return [
      head,
      ...candidates
        .filter((one) => one !== winner)
        .map((one) => `  ${' '.repeat(width)}    ${nameOf(one)}: ${one.verdict ?? 'not graded'}; ${one.reason}`),
    ];
  });
  return `${lines.join('\n')}\n`;
}

function nameOf({ runId, attempt }: { runId: string; attempt: number }): string {
  return `${runId}#${attempt}`;
}

/** Nothing to say about a single attempt, or without verdicts. */
export function curvesText(curves: SelectionCurves): string {
  if (curves.instances === 0) return 'no curves: no instance has attempts with a verdict\n';
  const { maxK, usd } = curves;
  const ks = Array.from({ length: maxK }, (_, at) => at + 1);
  const width = Math.max(8, ...curves.curves.map((one) => one.selector.length));
  const cell = (text: string) => text.padEnd(24);
  const head = `  ${'chosen by'.padEnd(width + 1)} ${ks.map((k) => cell(`k = ${k}`)).join(' ')} gain over random at ${maxK}`;
  const dollars =
    usd === null
      ? `  dollars per instance are not known: attempts without a price`
      : `  ${'dollars'.padEnd(width + 1)} ${usd.map((one) => cell(money(one.usd))).join(' ')}`;
  const note = curves.leftOut.length === 0 ? '' : `; ${curves.leftOut.length} with fewer than ${maxK} are left out`;
  const lines = [
    `resolve rate of the chosen attempt, mean over all subsets of k attempts: ${counted(curves.instances, 'instance')}, ${counted(curves.attempts, 'attempt')}${note}`,
    `95 % intervals over ${curves.clusteredBy === 'repository' ? counted(curves.clusters, 'repository', 'repositories') : `${counted(curves.clusters, 'instance')} (too few repositories to go by them)`}`,
    head,
    ...curves.curves.map((one) => curveLine(one, width, cell)),
    dollars,
    ...fitLines(curves.curves),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function curveLine(curve: SelectionCurve, width: number, cell: (text: string) => string): string {
  const points = curve.points.map(({ rate }) => cell(interval(rate))).join(' ');
  const gain = curve.points.at(-1)?.gain;
  return `  ${curve.selector.padEnd(width + 1)} ${points} ${gain === undefined ? '' : pointsOf(gain)}`;
}

/** Random and oracle are the ends of the scale, not on it. */
const ENDS: ReadonlySet<string> = new Set(['pass', 'oracle', 'random']);

function fitLines(curves: readonly SelectionCurve[]): string[] {
  return curves.flatMap(({ selector, fit, recovered }) => {
    if (fit === null || selector === 'random') return [];
    const quality = fit.r2 === null ? '' : `, R2 ${fit.r2.toFixed(3)}`;
    const share =
      recovered === null || ENDS.has(selector) ? '' : `; ${range(recovered, percent)} of the way from random to oracle`;
    return [`  ${selector}: ${pointsOf(fit.perDoubling)} per doubling of k${quality}${share}`];
  });
}

/** Percentage points with sign. */
function pointsOf(value: Interval): string {
  return range(value, (share) => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)}`);
}

function money(usd: Interval): string {
  return range(usd, (value) => `$${value.toPrecision(3)}`);
}

function range({ value, low, high }: Interval, words: (value: number) => string): string {
  if (low === high) return words(value);
  return Number.isFinite(low) && Number.isFinite(high)
    ? `${words(value)} [${words(low)}, ${words(high)}]`
    : `${words(value)} [no interval]`;
}
