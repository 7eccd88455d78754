/** What pages may do to runs. The command line implements it with its own commands, so that a run begun here is like any other. */
import { z } from 'zod';
import { forkEditSchema } from '../contracts/index.ts';

const name = z.string().trim().min(1).max(1000);
const count = z.number().int().positive();

/** What `assay run` is asked for. Absent: its default. */
export const startRequestSchema = z.strictObject({
  dataset: name,
  model: name,
  instances: z.array(name).max(1000).default([]),
  attempts: count.max(10_000).optional(),
  jobs: count.max(1000).optional(),
  budgetUsd: z.number().nonnegative().optional(),
  maxSteps: count.optional(),
  wallSeconds: z.number().positive().optional(),
  maxCostUsd: z.number().nonnegative().optional(),
});
export type StartRequest = z.infer<typeof startRequestSchema>;

/** Limits that a resume may change; the others are fixed at the start of a run. Absent: as they were. */
export const resumeRequestSchema = z.strictObject({
  runId: name,
  jobs: count.max(1000).optional(),
  budgetUsd: z.number().nonnegative().optional(),
});
export type ResumeRequest = z.infer<typeof resumeRequestSchema>;

/** `now`: kill what is under way instead of finishing it. */
export const stopRequestSchema = z.strictObject({ runId: name, now: z.boolean().default(false) });
export type StopRequest = z.infer<typeof stopRequestSchema>;

/** What `assay fork` is asked for. */
export const forkRequestSchema = z.strictObject({
  runId: name,
  instanceId: name,
  attempt: count,
  step: z.number().int().nonnegative(),
  edit: forkEditSchema.default({}),
  model: name.optional(),
  /** The template itself. */
  prompt: z.string().max(100_000).optional(),
});
export type ForkRequest = z.infer<typeof forkRequestSchema>;

/** Instances to attempt again in a run of its own. */
export const requeueRequestSchema = z.strictObject({
  runId: name,
  instances: z.array(name).min(1).max(10_000),
  jobs: count.max(1000).optional(),
  budgetUsd: z.number().nonnegative().optional(),
});
export type RequeueRequest = z.infer<typeof requeueRequestSchema>;

/** All throw `AssayError` with what to do about it. */
export interface RunControls {
  /** Resolves once the run is in the store. */
  start(request: StartRequest): Promise<{ runId: string }>;
  /** Resolves once the process that works on the run has been told, not when it has ended. Throws `config-invalid` when none does. */
  stop(request: StopRequest): Promise<void>;
  /** Goes on with a run: attempts without a verdict and those that failed for the infrastructure's sake. One that is at work is stopped first. Resolves once it is at work again. */
  resume(request: ResumeRequest): Promise<void>;
  /** Resolves once the new run is in the store; the old one stays as it is. */
  requeue(request: RequeueRequest): Promise<{ runId: string }>;
  /** Resolves once the new run is in the store. */
  fork(request: ForkRequest): Promise<{ runId: string }>;
}
