/** How values are spread. */
export interface Histogram {
  /** Values per bin, from the smallest value to the largest, bins of equal width. */
  bins: number[];
  smallest: number;
  largest: number;
  /** The value that a tenth, a half and nine tenths of all values do not exceed. */
  low: number;
  median: number;
  high: number;
}

/** Null without values. */
export function histogram(values: readonly number[], bins: number): Histogram | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return null;
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of sorted) {
    const bin = last === first ? 0 : Math.min(bins - 1, Math.floor(((value - first) / (last - first)) * bins));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? last;
  return { bins: counts, smallest: first, largest: last, low: at(0.1), median: at(0.5), high: at(0.9) };
}
