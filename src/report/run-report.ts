/** A run in numbers, and as a table for people. Infrastructure failures are counted and shown both ways; an unknown cost is never zero. */

import { counted } from '../base/counted.ts';
import { addUsage, NO_USAGE } from '../base/token-usage.ts';
import type { AttemptRecord, RunRecord, TokenUsage, Verdict } from '../contracts/index.ts';
import { type Interval, passAtK, wilson } from '../stats/intervals.ts';
import { type RecoveryEffect, type RecoveryGroup, type RecoveryReport, recoveryReport } from './recovery-report.ts';

export interface RunReport {
  runId: string;
  status: RunRecord['status'];
  model: string;
  agent: string;
  dataset: string;
  instances: number;
  attempts: number;
  finished: number;
  resolved: number;
  infraFailures: number;
  /** Of attempts with a verdict about the agent, 95 % Wilson interval. */
  resolveRate: Interval;
  /** The same with infrastructure failures counted as not resolved. */
  resolveRateStrict: Interval;
  verdicts: Partial<Record<Verdict, number>>;
  usd: number;
  /** Replies without a known cost: `usd` is "at least" when there are any. */
  unknownCosts: number;
  usage: TokenUsage;
  /** Share of input tokens read from the provider's cache. */
  cacheShare: number;
  workingMs: number;
  passAtK: { k: number; value: number }[];
  /** Attempts not made, as an earlier one was sure enough. */
  skipped: number;
  /** What critics said of solved attempts, and its cost; absent when none was asked. */
  scores?: { attempts: number; usd: number; unknownCosts: number };
  /** Work of several processes on one run that does not count and was paid for; absent for none. */
  aside?: { pieces: number; usd: number; unknownCosts: number };
  /** Replies that were asked for beside the first of their step, and how many of these calls failed; absent without lookahead. */
  lookahead?: { asked: number; failed: number };
  /** Absent when recovery was off. */
  recovery?: RecoveryReport;
  rows: RunReportRow[];
}

export interface RunReportRow {
  instanceId: string;
  attempt: number;
  state: AttemptRecord['state'];
  verdict: Verdict | null;
  outcome: string | null;
  steps: number;
  usd: number;
  unknownCosts: number;
  workingMs: number;
  failure: string | null;
  /** A critic's, of the solved attempt. */
  score: { critic: string; value: number } | null;
}

/** Did the attempt end without saying anything about the agent? */
export function isInfraFailure(attempt: AttemptRecord): boolean {
  return attempt.report?.verdict === 'infra-error' || attempt.state === 'failed';
}

export function runReport(record: RunRecord): RunReport {
  const { manifest, attempts } = record;
  const judged = attempts.filter((one) => one.state === 'finished' && !isInfraFailure(one));
  const infra = attempts.filter(isInfraFailure);
  const resolved = judged.filter((one) => one.report?.resolved === true).length;
  const usage = attempts.reduce((sum, one) => addUsage(sum, one.totals?.usage ?? NO_USAGE), NO_USAGE);
  const input = inputTokens(usage);
  const recovery = recoveryReport(manifest, attempts, judged);
  const verdicts: RunReport['verdicts'] = {};
  for (const { report } of attempts)
    if (report !== null) verdicts[report.verdict] = (verdicts[report.verdict] ?? 0) + 1;
  return {
    runId: manifest.runId,
    status: record.status,
    model: manifest.model.id,
    agent: manifest.agent.name,
    dataset: manifest.dataset.reference,
    instances: new Set(attempts.map((one) => one.instanceId)).size,
    attempts: attempts.length,
    finished: judged.length,
    resolved,
    infraFailures: infra.length,
    resolveRate: wilson(resolved, judged.length),
    resolveRateStrict: wilson(resolved, judged.length + infra.length),
    verdicts,
    usd: sum(attempts, (one) => one.totals?.usd ?? 0),
    unknownCosts: sum(attempts, (one) => one.totals?.unknownCosts ?? 0),
    usage,
    cacheShare: input === 0 ? 0 : usage.cacheRead / input,
    workingMs: sum(attempts, (one) => one.totals?.workingMs ?? 0),
    passAtK: passCurve(judged, manifest.attempts),
    skipped: attempts.filter((one) => one.state === 'skipped').length,
    ...scoreReport(attempts),
    ...asideReport(record),
    ...lookaheadReport(attempts),
    ...(recovery === null ? {} : { recovery }),
    rows: attempts.map(reportRow),
  };
}

function asideReport({ aside = [] }: RunRecord): Pick<RunReport, 'aside'> {
  if (aside.length === 0) return {};
  const usd = sum(aside, (one) => one.usd);
  return { aside: { pieces: aside.length, usd, unknownCosts: sum(aside, (one) => one.unknownCosts) } };
}

function scoreReport(attempts: readonly AttemptRecord[]): Pick<RunReport, 'scores'> {
  const costs = attempts.flatMap(({ score }) => score?.cost ?? []);
  if (costs.length === 0) return {};
  return {
    scores: {
      attempts: costs.length,
      usd: sum(costs, (cost) => (cost.kind === 'unknown' ? 0 : cost.usd)),
      unknownCosts: costs.filter(({ kind }) => kind === 'unknown').length,
    },
  };
}

function lookaheadReport(attempts: readonly AttemptRecord[]): Pick<RunReport, 'lookahead'> {
  const all = attempts.flatMap(({ totals }) => totals?.lookahead ?? []);
  if (all.length === 0) return {};
  return { lookahead: { asked: sum(all, (one) => one.asked), failed: sum(all, (one) => one.failed) } };
}

function reportRow(one: AttemptRecord): RunReportRow {
  return {
    instanceId: one.instanceId,
    attempt: one.attempt,
    state: one.state,
    verdict: one.report?.verdict ?? null,
    outcome: one.outcome?.status ?? null,
    steps: one.totals?.steps ?? 0,
    usd: one.totals?.usd ?? 0,
    unknownCosts: one.totals?.unknownCosts ?? 0,
    workingMs: one.totals?.workingMs ?? 0,
    failure: one.outcome?.failure?.code ?? one.report?.failure?.code ?? null,
    score: one.score === undefined ? null : { critic: one.score.critic, value: one.score.value },
  };
}

/** Mean over instances of the unbiased estimate, for instances with all their attempts judged. */
function passCurve(judged: readonly AttemptRecord[], attempts: number): RunReport['passAtK'] {
  if (attempts < 2) return [];
  const byInstance = new Map<string, AttemptRecord[]>();
  for (const one of judged) {
    const group = byInstance.get(one.instanceId);
    if (group === undefined) byInstance.set(one.instanceId, [one]);
    else group.push(one);
  }
  const whole = [...byInstance.values()].filter((group) => group.length === attempts);
  if (whole.length === 0) return [];
  /** Instances by how many of their attempts resolved: one estimate for all that are alike. */
  const alike = new Map<number, number>();
  for (const group of whole) {
    const solved = group.filter((one) => one.report?.resolved).length;
    alike.set(solved, (alike.get(solved) ?? 0) + 1);
  }
  return Array.from({ length: attempts }, (_, index) => {
    const total = sum([...alike], ([solved, instances]) => instances * passAtK(attempts, solved, index + 1));
    return { k: index + 1, value: total / whole.length };
  });
}

export const inputTokens = (usage: TokenUsage) =>
  usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

export const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
export const interval = (rate: Interval) => `${percent(rate.value)} [${percent(rate.low)}, ${percent(rate.high)}]`;

/** `$0.1234`, `at least $0.12 (3 replies without a price)`, `unknown`. */
export function money(usd: number, unknownCosts: number): string {
  if (unknownCosts === 0) return `$${usd.toFixed(usd < 10 ? 4 : 2)}`;
  const unpriced = counted(unknownCosts, 'reply', 'replies');
  return usd === 0
    ? `unknown (${unpriced} without a price)`
    : `at least $${usd.toFixed(4)} (${unpriced} without a price)`;
}

/** The report for a terminal. */
export function runReportText(report: RunReport): string {
  const width = Math.max(8, ...report.rows.map((row) => row.instanceId.length));
  const many = report.rows.some((row) => row.attempt > 1);
  const lines = report.rows.map((row) => {
    const verdict = row.verdict ?? (row.failure === null ? row.state : `${row.state}: ${row.failure}`);
    const note = row.outcome === 'limit' && row.failure !== null ? `  (${row.failure})` : '';
    const score = row.score === null ? '' : `  score ${row.score.value.toFixed(3)}`;
    const name = `${row.instanceId.padEnd(width)}${many ? ` #${row.attempt}` : ''}`;
    return `  ${name}  ${verdict.padEnd(14)} ${String(row.steps).padStart(4)} steps  ${row.unknownCosts > 0 ? 'unknown'.padStart(9) : `$${row.usd.toFixed(4)}`.padStart(9)}${score}${note}`;
  });
  const infra =
    report.infraFailures === 0
      ? 'no infrastructure failures'
      : `${counted(report.infraFailures, 'infrastructure failure')}; counted as not resolved: ${interval(report.resolveRateStrict)}`;
  const usage = report.usage;
  return [
    `run ${report.runId} (${report.status}): ${report.model} with ${report.agent} on ${report.dataset}`,
    ...lines,
    report.finished === 0
      ? `no attempt came to a verdict, ${infra}`
      : `resolved ${report.resolved} of ${report.finished}: ${interval(report.resolveRate)} (95 % Wilson), ${infra}`,
    ...report.passAtK.map(({ k, value }) => `pass@${k}: ${percent(value)}`),
    ...(report.skipped === 0 ? [] : [`${counted(report.skipped, 'attempt')} not made: an earlier one was sure enough`]),
    ...(report.scores === undefined ? [] : [scoresText(report.scores)]),
    ...(report.aside === undefined ? [] : [asideText(report.aside)]),
    ...(report.lookahead === undefined ? [] : [lookaheadText(report.lookahead)]),
    ...(report.recovery === undefined ? [] : recoveryLines(report.recovery)),
    `cost ${money(report.usd, report.unknownCosts)}; ${inputTokens(usage)} input tokens (${percent(report.cacheShare)} from cache), ${usage.output} output; ${(report.workingMs / 1000).toFixed(1)} s of work`,
    '',
  ].join('\n');
}

function scoresText({ attempts, usd, unknownCosts }: NonNullable<RunReport['scores']>): string {
  return `a critic scored ${counted(attempts, 'attempt')}: cost ${money(usd, unknownCosts)}, no part of the sum below`;
}

function asideText({ pieces, usd, unknownCosts }: NonNullable<RunReport['aside']>): string {
  const text = counted(pieces, 'piece of work does', 'pieces of work do');
  return `${text} not count, as another process had taken the attempt over: cost ${money(usd, unknownCosts)}, no part of the sum below`;
}

function lookaheadText({ asked, failed }: NonNullable<RunReport['lookahead']>): string {
  return `lookahead asked for ${counted(asked, 'further reply', 'further replies')}; ${failed} of them failed`;
}

function recoveryLines({ interventions, attempts, with: stepped, without, effect }: RecoveryReport): string[] {
  const rateOf = ({ resolved, judged, rate }: RecoveryGroup) =>
    judged === 0 ? 'none judged' : `${resolved} of ${judged} resolved, ${interval(rate)}`;
  return [
    `recovery stepped in ${counted(interventions, 'time')} in ${counted(attempts, 'attempt')}: ${rateOf(stepped)}; where it did not: ${rateOf(without)}`,
    effect === null
      ? '  that is not the effect of recovery: attempts that need it are the harder ones (--recover-share draws by lot who has it)'
      : `  on by lot: ${rateOf(effect.on)}; off: ${rateOf(effect.off)}; effect of recovery ${pointsOf(effect.difference)}, ${basisOf(effect)}`,
  ];
}

function basisOf({ basis, units }: RecoveryEffect): string {
  return basis === 'within instances'
    ? `within ${counted(units, 'instance')}`
    : `between ${counted(units, 'attempt')} taken as independent`;
}

/** Percentage points with sign. */
export function pointsOf({ value, low, high }: Interval): string {
  const points = (share: number) => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)}`;
  return Number.isFinite(low) && Number.isFinite(high)
    ? `${points(value)} points [${points(low)}, ${points(high)}]`
    : `${points(value)} points [no interval]`;
}
