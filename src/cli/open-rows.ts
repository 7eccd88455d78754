/** The rows of a SWE-bench set that a filter names. */
import { assayPaths } from '../base/paths.ts';
import { chooseInstances, type InstanceFilter } from '../dataset/filter-instances.ts';
import type { SwebenchInstance } from '../swebench/contracts.ts';
import { loadInstances } from '../swebench/dataset/load-instances.ts';
import { datasetCache } from './swebench-grading.ts';

export interface RowsRequest {
  split: string;
  filter: InstanceFilter;
  /** Ends a download. */
  signal: AbortSignal;
}

/** Only what passes the filter is checked. Rows have no tags. Throws what loading and filtering throw. */
export function openRows(reference: string, { split, filter, signal }: RowsRequest): Promise<SwebenchInstance[]> {
  const cache = datasetCache({ paths: assayPaths() });
  const choose = (ids: readonly string[]) =>
    chooseInstances(ids, filter, { reference, factsOf: (instanceId) => ({ instanceId, tags: [] }) });
  return loadInstances(reference, { split, choose, cache, signal });
}
