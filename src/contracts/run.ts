/** A run and its attempts as reports, comparison and the store see them. On disk: `docs/run-store.md`. */
import { z } from 'zod';
import { agentLimitsSchema, agentOutcomeSchema } from './agent.ts';
import type { Failure } from './errors.ts';
import { attemptTotalsSchema, type WorkAside } from './events.ts';
import { gradeReportSchema } from './grading.ts';
import { costSchema } from './model.ts';
import { sandboxLimitsSchema, sandboxReceiptSchema } from './sandbox.ts';

/** `run.json`: the lock. Written once at the start, never changed; a resume refuses to go on when something it locks has changed. */
export const runManifestSchema = z.object({
  formatVersion: z.literal(1),
  runId: z.string(),
  createdAt: z.string(),
  assayVersion: z.string(),
  dataset: z.object({
    name: z.string(),
    reference: z.string(),
    digest: z.string(),
    instances: z.array(z.object({ instanceId: z.string(), digest: z.string(), repo: z.string() })),
    /** Of a SWE-bench set: the split, and the folders with git repositories that environments are built from (none: published images). */
    table: z.object({ split: z.string(), repos: z.array(z.string()) }).optional(),
  }),
  agent: z.object({ name: z.string(), digest: z.string(), promptFile: z.string().optional() }),
  model: z.object({ id: z.string(), parameters: z.record(z.string(), z.unknown()) }),
  attempts: z.number().int().positive(),
  /** Attempts at a time; a resume keeps it unless told otherwise. */
  jobs: z.number().int().positive().optional(),
  limits: agentLimitsSchema,
  sandboxLimits: sandboxLimitsSchema,
  /** What sandboxes were made by, and the image for tasks that name none. Absent: native. */
  sandbox: z.object({ backend: z.string(), image: z.string().optional() }).optional(),
  priceTable: z.string(),
  /** The run goes on from a step of an attempt of another run, which it holds up to that step: made by `assay fork`. */
  fork: z
    .object({ runId: z.string(), attempt: z.number().int().positive(), step: z.number().int().nonnegative() })
    .optional(),
  /** The run attempts instances of another run again: made by `assay requeue`. */
  requeue: z.object({ runId: z.string() }).optional(),
  /** Other processes work on the run too: where they share it, and how long one may be silent before others take over its attempts. */
  join: z.object({ store: z.string(), leaseSeconds: z.number() }).optional(),
  host: z.object({
    platform: z.string(),
    kernel: z.string(),
    node: z.string(),
    cpus: z.number().int(),
    memoryBytes: z.number(),
  }),
});
export type RunManifest = z.infer<typeof runManifestSchema>;

/** What a fork changes in the last step that it keeps. */
export const forkEditSchema = z.strictObject({
  /** What the model is told after the step, in place of the results of its calls. */
  observed: z.string().optional(),
  /** What the model said. With it or with `input` the calls of the step are run anew. */
  said: z.string().optional(),
  /** Input of the step's first call. */
  input: z.record(z.string(), z.unknown()).optional(),
});
export type ForkEdit = z.infer<typeof forkEditSchema>;

/** One attempt, folded from its events. */
export const attemptRecordSchema = z.object({
  instanceId: z.string(),
  attempt: z.number().int().positive(),
  repo: z.string(),
  /**
   * `skipped`: not made, as an earlier answer was sure enough. `running`: begun, no end yet (or paused: a resume goes on with it). `failed`: ended without a verdict about the agent (failure in
   * `outcome.failure`, or an `infra-error` report).
   */
  state: z.enum(['pending', 'running', 'solved-ungraded', 'finished', 'failed', 'skipped']),
  environmentDigest: z.string().nullable(),
  outcome: agentOutcomeSchema.nullable(),
  totals: attemptTotalsSchema.nullable(),
  patchDigest: z.string().nullable(),
  patchBytes: z.number().int(),
  report: gradeReportSchema.nullable(),
  /** What a critic said of the solved attempt; absent when none was asked, or gave no answer. */
  score: z.object({ critic: z.string(), value: z.number(), cost: costSchema }).optional(),
  sandboxUsage: sandboxReceiptSchema.optional(),
});
export type AttemptRecord = z.infer<typeof attemptRecordSchema>;

/** What `show`, `compare` and the web UI start from. */
export interface RunRecord {
  manifest: RunManifest;
  status: 'running' | 'completed' | 'interrupted' | 'failed';
  attempts: AttemptRecord[];
  /** Work that does not count, in a run of several processes; absent for none. */
  aside?: WorkAside[];
  /** Why the run as a whole stopped early, when it did. */
  failure?: Failure;
  /** Folder of the run. */
  dir: string;
}
