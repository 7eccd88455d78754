/**
 * How often a selector's choice among k attempts resolves an instance, for k = 1 .. K, from attempts that are stored and judged. Each instance counts once; its value at k is the mean over
 * all subsets of k of its attempts. All intervals come from the same resamples.
 */
import type { Interval } from '../stats/intervals.ts';
import type { CurveInstance } from './curve-attempt.ts';
import { type InstanceClusters, instanceClusters } from './instance-clusters.ts';
import { type LogFit, logFit } from './log-fit.ts';
import { oracleSelector, randomSelector, type Selector } from './selector.ts';

export interface CurvePoint {
  k: number;
  rate: Interval;
  /** Difference to the random choice among the same attempts. */
  gain: Interval;
}

export interface SelectionCurve {
  selector: string;
  points: CurvePoint[];
  /** Null for a single point. */
  fit: LogFit | null;
  /** Share of the way from random to oracle at the largest k; null where the oracle is not better than random. */
  recovered: Interval | null;
}

export interface SelectionCurves {
  /** What stands in the curves. */
  instances: number;
  attempts: number;
  /** Instances with fewer than `maxK` judged attempts: all points are of the same instances. */
  leftOut: string[];
  clusteredBy: InstanceClusters['by'];
  clusters: number;
  maxK: number;
  /** Dollars per instance for k attempts, without critics; null when a cost is unknown. */
  usd: { k: number; usd: Interval }[] | null;
  curves: SelectionCurve[];
}

export interface CurveOptions {
  /** Default: the largest k that nine of ten instances have. */
  maxK?: number | undefined;
  /** Of the bootstrap. Default 1,000. */
  resamples?: number | undefined;
  seed?: number | undefined;
}

/** Instances without any judged attempt are left out. No curves when no instance has `maxK` attempts. */
export function selectionCurves(
  all: readonly CurveInstance[],
  selectors: readonly Selector[],
  options: CurveOptions = {},
): SelectionCurves {
  const maxK = options.maxK ?? commonAttempts(all);
  const instances = maxK === 0 ? [] : all.filter((one) => one.attempts.length >= maxK);
  const clusters = instanceClusters(
    instances.map((one) => one.repo),
    options,
  );
  const values = (selector: Selector): Values =>
    Array.from({ length: maxK }, (_, at) => instances.map((one) => selector.expected(one.attempts, at + 1)));
  const ends = { random: values(randomSelector), oracle: values(oracleSelector) };
  const kept = new Set(instances);
  return {
    instances: instances.length,
    attempts: instances.reduce((sum, one) => sum + one.attempts.length, 0),
    leftOut: all.filter((one) => !kept.has(one)).map((one) => one.instanceId),
    clusteredBy: clusters.by,
    clusters: clusters.count,
    maxK,
    usd: costs(instances, maxK, clusters),
    curves: instances.length === 0 ? [] : selectors.map((one) => curveOf(one.name, values(one), ends, clusters)),
  };
}

/** By k (from 1), then by instance. */
type Values = readonly (readonly number[])[];

function curveOf(
  selector: string,
  values: Values,
  { random, oracle }: { random: Values; oracle: Values },
  clusters: InstanceClusters,
): SelectionCurve {
  const gains = minus(values, random);
  const headroom = minus(oracle, random).at(-1) ?? [];
  return {
    selector,
    points: values.map((row, at) => ({
      k: at + 1,
      rate: clusters.mean(row, 'rate'),
      gain: clusters.mean(gains[at] ?? [], 'plain'),
    })),
    fit: logFit(values, clusters),
    recovered: headroom.some((room) => room > 1e-12) ? clusters.ratio(gains.at(-1) ?? [], headroom) : null,
  };
}

/** k attempts cost k times the mean attempt of their instance, over all subsets. */
function costs(instances: readonly CurveInstance[], maxK: number, clusters: InstanceClusters): SelectionCurves['usd'] {
  const all = instances.flatMap((one) => one.attempts.map((attempt) => attempt.usd));
  if (all.length === 0 || all.includes(null)) return null;
  const means = instances.map(
    ({ attempts }) => attempts.reduce((sum, one) => sum + (one.usd ?? 0), 0) / attempts.length,
  );
  return Array.from({ length: maxK }, (_, at) => {
    const k = at + 1;
    const { value, low, high } = clusters.mean(
      means.map((usd) => k * usd),
      'plain',
    );
    // Symmetric intervals of few clusters may reach below nothing, and no attempt costs that.
    return { k, usd: { value, low: Math.max(0, low), high } };
  });
}

/** The largest k that at least nine of ten instances with judged attempts have. */
function commonAttempts(instances: readonly CurveInstance[]): number {
  const counts = instances
    .map((one) => one.attempts.length)
    .filter((count) => count > 0)
    .sort((a, b) => a - b);
  return counts[Math.floor(counts.length / 10)] ?? 0;
}

function minus(a: Values, b: Values): number[][] {
  return a.map((row, at) => row.map((value, i) => value - (b[at]?.[i] ?? 0)));
}
