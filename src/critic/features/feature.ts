/** Named numbers. A missing value is NaN; a value that was never set is missing too. */
export type FeatureValues = Record<string, number>;

/** Where a feature looks: the ablations leave groups out. `issue` alone says how hard the instance is, and nothing about the attempt. */
export type FeatureGroup = 'patch' | 'trajectory' | 'issue';

export interface FeatureDefinition {
  name: string;
  group: FeatureGroup;
  /** One line: what is counted. */
  help: string;
}

/** Counts spread over orders of magnitude: their logarithm is used. */
export function logCount(count: number): number {
  return Math.log1p(count);
}
