/** How long instances took before: the basis of the order (longest first) and of the time that is left. Shared by all runs; losing it costs nothing but a worse guess. */
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { readRecord } from '../../base/read-record.ts';
import type { SwebenchInstance } from '../contracts.ts';

export interface KnownDurations {
  /** Seconds; an estimate from the number of tests where nothing is known. */
  expected(instance: SwebenchInstance): number;
  /** Remembers, and writes it down at the latest at the next call of `save`. */
  learn(instanceId: string, seconds: number): void;
  save(): Promise<void>;
}

const ESTIMATE_SECONDS = 10;
const ESTIMATE_PER_TEST = 0.05;

export async function openKnownDurations(path: string): Promise<KnownDurations> {
  const known = new Map(Object.entries((await readRecord(path, z.record(z.string(), z.number()))) ?? {}));
  return {
    expected(instance) {
      const tests = instance.FAIL_TO_PASS.length + instance.PASS_TO_PASS.length;
      return known.get(instance.instance_id) ?? ESTIMATE_SECONDS + ESTIMATE_PER_TEST * tests;
    },
    learn: (instanceId, seconds) => known.set(instanceId, Math.round(seconds * 10) / 10),
    save: () => writeFileAtomic(path, `${JSON.stringify(Object.fromEntries(known))}\n`),
  };
}
