import { cpus, release, totalmem } from 'node:os';
import type { RunManifest } from '../contracts/index.ts';

/** What stands in a run's manifest about this machine. */
export function hostFacts(): RunManifest['host'] {
  return {
    platform: process.platform,
    kernel: release(),
    node: process.version,
    cpus: cpus().length,
    memoryBytes: totalmem(),
  };
}
