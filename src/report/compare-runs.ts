/** Runs side by side: rates with intervals, cost, paired tests, cost against accuracy. */
import type { RunRecord } from '../contracts/index.ts';
import { detectableDifference, type Interval, mcnemarExact } from '../stats/intervals.ts';
import { paretoFront } from '../stats/pareto-front.ts';
import { type ComparedRecovery, comparedRecoveryText, compareRecovery } from './compare-recovery.ts';
import { inputTokens, interval, isInfraFailure, money, percent, type RunReport, runReport } from './run-report.ts';

export interface ComparedRun {
  runId: string;
  model: string;
  rate: Interval;
  resolved: number;
  finished: number;
  /** Null when a cost is unknown. */
  usdPerInstance: number | null;
  tokensPerInstance: number;
  cacheShare: number;
  secondsPerInstance: number;
  onFront: boolean;
  /** How often recovery stepped in. */
  interventions: number;
}

export interface ComparedPair {
  a: string;
  b: string;
  /** Instances with a judged first attempt in both. */
  pairs: number;
  both: string[];
  onlyA: string[];
  onlyB: string[];
  neither: string[];
  p: number;
  /** Smallest difference of rates that this many pairs would have shown with 80 % power. */
  detectable: number;
  words: string;
  /** Where one of the runs had recovery and the other had none. */
  recovery?: ComparedRecovery;
}

export interface Comparison {
  runs: ComparedRun[];
  pairs: ComparedPair[];
}

export function compareRuns(records: readonly RunRecord[]): Comparison {
  const reports = records.map(runReport);
  const costs = reports.map(costPerInstance);
  const priced = reports.flatMap((report, index) =>
    costs[index] === null ? [] : [{ index, cost: costs[index] ?? 0, value: report.resolveRate.value }],
  );
  const front = new Set(paretoFront(priced).map((at) => priced[at]?.index));
  const runs = reports.map((report, index) => comparedRun(report, costs[index] ?? null, front.has(index)));
  const pairs = records.flatMap((a, i) => records.slice(i + 1).map((b) => comparePair(a, b)));
  return { runs, pairs };
}

function costPerInstance(report: RunReport): number | null {
  return report.unknownCosts > 0 || report.instances === 0 ? null : report.usd / report.instances;
}

function comparedRun(report: RunReport, usdPerInstance: number | null, onFront: boolean): ComparedRun {
  const count = Math.max(1, report.instances);
  return {
    runId: report.runId,
    model: report.model,
    rate: report.resolveRate,
    resolved: report.resolved,
    finished: report.finished,
    usdPerInstance,
    tokensPerInstance: (inputTokens(report.usage) + report.usage.output) / count,
    cacheShare: report.cacheShare,
    secondsPerInstance: report.workingMs / 1000 / count,
    onFront,
    interventions: report.recovery?.interventions ?? 0,
  };
}

/** First attempts, instance by instance; one that failed for the infrastructure's sake in either run says nothing. */
function comparePair(a: RunRecord, b: RunRecord): ComparedPair {
  const verdicts = (record: RunRecord) =>
    new Map(
      record.attempts
        .filter((one) => one.attempt === 1 && one.state === 'finished' && !isInfraFailure(one))
        .map((one) => [one.instanceId, one.report?.resolved === true]),
    );
  const [left, right] = [verdicts(a), verdicts(b)];
  const shared = [...left.keys()].filter((id) => right.has(id)).sort();
  const where = (inA: boolean, inB: boolean) => shared.filter((id) => left.get(id) === inA && right.get(id) === inB);
  const [both, onlyA, onlyB, neither] = [
    where(true, true),
    where(true, false),
    where(false, true),
    where(false, false),
  ];
  const p = mcnemarExact(onlyA.length, onlyB.length);
  const detectable = detectableDifference(
    shared.length,
    shared.length === 0 ? 0 : (onlyA.length + onlyB.length) / shared.length,
  );
  const better = onlyA.length > onlyB.length ? a.manifest.runId : b.manifest.runId;
  const words =
    shared.length === 0
      ? 'the runs share no judged instance'
      : p < 0.05
        ? `${better} solves more (McNemar p = ${p.toFixed(4)})`
        : `within noise (McNemar p = ${p.toFixed(3)}); ${shared.length} pairs show differences from about ${percent(detectable)}`;
  const recovery = compareRecovery(a, b);
  return {
    ...(recovery === null ? {} : { recovery }),
    a: a.manifest.runId,
    b: b.manifest.runId,
    pairs: shared.length,
    both,
    onlyA,
    onlyB,
    neither,
    p,
    detectable,
    words,
  };
}

/** The comparison for a terminal. */
export function comparisonText(comparison: Comparison): string {
  const width = Math.max(3, ...comparison.runs.map((run) => run.runId.length));
  const model = Math.max(5, ...comparison.runs.map((run) => run.model.length));
  const head = `  ${'run'.padEnd(width)}  ${'model'.padEnd(model)}  resolved   rate [95 % Wilson]            $/instance  tokens/inst  cache     s/inst  front`;
  const rows = comparison.runs.map((run) => {
    const cost = run.usdPerInstance === null ? 'unknown' : money(run.usdPerInstance, 0);
    return `  ${run.runId.padEnd(width)}  ${run.model.padEnd(model)}  ${`${run.resolved}/${run.finished}`.padEnd(9)}  ${interval(run.rate).padEnd(28)}  ${cost.padStart(10)}  ${run.tokensPerInstance.toFixed(0).padStart(11)}  ${percent(run.cacheShare).padStart(7)}  ${run.secondsPerInstance.toFixed(1).padStart(7)}  ${run.onFront ? '*' : ''}`;
  });
  const pairs = comparison.pairs.flatMap((pair) => [
    '',
    `${pair.a} against ${pair.b}: ${pair.words}`,
    `  both ${pair.both.length}, only the first ${pair.onlyA.length}, only the second ${pair.onlyB.length}, neither ${pair.neither.length}`,
    ...(pair.onlyA.length > 0 ? [`  only ${pair.a}: ${pair.onlyA.join(', ')}`] : []),
    ...(pair.onlyB.length > 0 ? [`  only ${pair.b}: ${pair.onlyB.join(', ')}`] : []),
    ...(pair.recovery === undefined ? [] : [`  ${comparedRecoveryText(pair.recovery)}`]),
  ]);
  return `${[head, ...rows, ...pairs].join('\n')}\n`;
}
