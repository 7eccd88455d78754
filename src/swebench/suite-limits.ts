/** What a suite of a SWE-bench repository may take: more than the bundled tasks. */
import { availableParallelism } from 'node:os';

export const SUITE_LIMITS = {
  memoryBytes: 6 * 1024 ** 3,
  diskBytes: 6 * 1024 ** 3,
  pids: 2048,
  cpus: Math.max(1, availableParallelism()),
};
