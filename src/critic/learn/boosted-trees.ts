/**
 * Gradient-boosted decision trees for the logistic loss: second-order leaf values, histograms over quantile bins, rows and columns sampled per tree. Missing values (NaN) have a bin
 * of their own below all others. Targets may be any number in [0, 1]. Pure; the same seed gives the same trees. Sources: Friedman (2001), Annals of Statistics 29; Chen and
 * Guestrin (2016), arXiv 1603.02754, eqs. 5 to 7.
 */
import { z } from 'zod';
import { type SeededRandom, seededRandom } from '../../stats/seeded-random.ts';
import { sigmoid } from './logistic-regression.ts';
import type { Rows } from './rows.ts';

/** Inner nodes: values up to `threshold` (and missing ones) go to `left`, the index of a node. Leaves have only `value`, in log-odds. */
const nodeSchema = z.union([
  z.object({ column: z.number().int(), threshold: z.number(), left: z.number().int(), right: z.number().int() }),
  z.object({ value: z.number() }),
]);
type Node = z.infer<typeof nodeSchema>;

export const treesModelSchema = z.object({
  kind: z.literal('trees'),
  /** Log-odds before the first tree. */
  base: z.number(),
  trees: z.array(z.array(nodeSchema)),
});
export type TreesModel = z.infer<typeof treesModelSchema>;

export interface TreesOptions {
  trees: number;
  depth: number;
  /** Factor of each tree's leaves. */
  learningRate: number;
  /** Penalty of half the squared leaf values. */
  l2: number;
  /** Smallest sum of p * (1 - p) in a leaf. */
  minHessian: number;
  /** Shares of rows and columns that a tree sees. */
  rowShare: number;
  columnShare: number;
  seed: number;
}

const BINS = 32;

/** Throws `RangeError` when there are no rows. */
export function fitTrees({ x, y, weight }: Rows, options: TreesOptions): TreesModel {
  if (x.length === 0) throw new RangeError('boosted trees need rows');
  const random = seededRandom(options.seed);
  const columns = x[0]?.length ?? 0;
  const edges = Array.from({ length: columns }, (_, column) => quantileEdges(x, column));
  const binned = edges.map((cuts, column) => Uint8Array.from(x, (row) => binOf(row[column] ?? Number.NaN, cuts)));
  const total = sum(weight);
  const rate = Math.min(
    0.999,
    Math.max(0.001, x.reduce((all, _, i) => all + (weight[i] ?? 0) * (y[i] ?? 0), 0) / total),
  );
  const base = Math.log(rate / (1 - rate));
  const scores = new Float64Array(x.length).fill(base);
  const [gradient, hessian] = [new Float64Array(x.length), new Float64Array(x.length)];
  const trees: Node[][] = [];
  for (let t = 0; t < options.trees; t++) {
    for (let i = 0; i < x.length; i++) {
      const p = sigmoid(scores[i] ?? 0);
      gradient[i] = (weight[i] ?? 0) * (p - (y[i] ?? 0));
      hessian[i] = (weight[i] ?? 0) * Math.max(p * (1 - p), 1e-6);
    }
    const rows = sample(x.length, options.rowShare, random);
    const shown = sample(columns, options.columnShare, random);
    const tree = growTree({ binned, edges, gradient, hessian, columns: shown, options }, rows);
    trees.push(tree);
    for (let i = 0; i < x.length; i++) scores[i] = (scores[i] ?? 0) + treeValue(tree, x[i] ?? []);
  }
  return { kind: 'trees', base, trees };
}

/** Log-odds. */
export function treesScore(model: TreesModel, row: ArrayLike<number>): number {
  return model.trees.reduce((score, tree) => score + treeValue(tree, row), model.base);
}

function treeValue(tree: readonly Node[], row: ArrayLike<number>): number {
  let node = tree[0];
  while (node !== undefined && 'column' in node) {
    const value = row[node.column] ?? Number.NaN;
    node = tree[value > node.threshold ? node.right : node.left];
  }
  return node === undefined ? 0 : node.value;
}

interface Growth {
  binned: readonly Uint8Array[];
  edges: readonly number[][];
  gradient: Float64Array;
  hessian: Float64Array;
  columns: readonly number[];
  options: TreesOptions;
}

function growTree(growth: Growth, rows: readonly number[]): Node[] {
  const tree: Node[] = [];
  const grow = (members: readonly number[], depth: number): number => {
    const at = tree.push({ value: 0 }) - 1;
    const split = depth < growth.options.depth ? bestSplit(growth, members) : null;
    if (split === null) {
      tree[at] = { value: leafValue(growth, members) };
      return at;
    }
    const bins = growth.binned[split.column] ?? new Uint8Array();
    const left = grow(
      members.filter((i) => (bins[i] ?? 0) <= split.bin),
      depth + 1,
    );
    const right = grow(
      members.filter((i) => (bins[i] ?? 0) > split.bin),
      depth + 1,
    );
    tree[at] = {
      column: split.column,
      threshold: thresholdOf(growth.edges[split.column] ?? [], split.bin),
      left,
      right,
    };
    return at;
  };
  grow(rows, 0);
  return tree;
}

function leafValue({ gradient, hessian, options }: Growth, rows: readonly number[]): number {
  let [g, h] = [0, 0];
  for (const i of rows) {
    g += gradient[i] ?? 0;
    h += hessian[i] ?? 0;
  }
  return (-options.learningRate * g) / (h + options.l2);
}

function bestSplit(growth: Growth, rows: readonly number[]): { column: number; bin: number } | null {
  const { binned, gradient, hessian, columns, options } = growth;
  let best: { column: number; bin: number; gain: number } | null = null;
  const [gs, hs] = [new Float64Array(BINS + 1), new Float64Array(BINS + 1)];
  for (const column of columns) {
    gs.fill(0);
    hs.fill(0);
    const bins = binned[column] ?? new Uint8Array();
    let [allG, allH] = [0, 0];
    for (const i of rows) {
      const bin = bins[i] ?? 0;
      const [g, h] = [gradient[i] ?? 0, hessian[i] ?? 0];
      gs[bin] = (gs[bin] ?? 0) + g;
      hs[bin] = (hs[bin] ?? 0) + h;
      allG += g;
      allH += h;
    }
    const quality = (g: number, h: number) => (g * g) / (h + options.l2);
    const parent = quality(allG, allH);
    let [leftG, leftH] = [0, 0];
    for (let bin = 0; bin < BINS; bin++) {
      leftG += gs[bin] ?? 0;
      leftH += hs[bin] ?? 0;
      if (leftH < options.minHessian || allH - leftH < options.minHessian) continue;
      const gain = quality(leftG, leftH) + quality(allG - leftG, allH - leftH) - parent;
      if (gain > 1e-9 && gain > (best?.gain ?? 0)) best = { column, bin, gain };
    }
  }
  return best;
}

/** Bin 0 is "missing"; bin b > 0 holds values above `cuts[b - 2]` and up to `cuts[b - 1]`. */
function binOf(value: number, cuts: readonly number[]): number {
  if (Number.isNaN(value)) return 0;
  let [low, high] = [0, cuts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > (cuts[middle] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}

/** Values above it go right. Of the bin of missing values: below every number. */
function thresholdOf(cuts: readonly number[], bin: number): number {
  return bin === 0 ? -Number.MAX_VALUE : (cuts[bin - 1] ?? Number.MAX_VALUE);
}

/** At most `BINS` - 1 cuts between distinct values, at equal shares of the rows. */
function quantileEdges(x: readonly ArrayLike<number>[], column: number): number[] {
  const values = x.map((row) => row[column] ?? Number.NaN).filter((value) => !Number.isNaN(value));
  values.sort((a, b) => a - b);
  const distinct = [...new Set(values)];
  if (distinct.length <= BINS) return distinct.slice(1).map((value, i) => (value + (distinct[i] ?? 0)) / 2);
  const cuts = Array.from({ length: BINS - 1 }, (_, i) => values[Math.floor(((i + 1) * values.length) / BINS)] ?? 0);
  return [...new Set(cuts)];
}

/** Each with the given chance, never none; ascending. */
function sample(size: number, share: number, random: SeededRandom): number[] {
  const all = Array.from({ length: size }, (_, i) => i);
  if (share >= 1) return all;
  const drawn = all.filter(() => random.uniform() < share);
  return drawn.length > 0 ? drawn : all;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] ?? 0;
  return total;
}
