/**
 * The one event union. `events.jsonl` (append-only) of a run and of each attempt, terminal, server-sent events, resume and tests all read it.
 * Names are noun-action with `start | delta | end`. Contract: `docs/run-store.md`.
 */
import { z } from 'zod';
import { agentOutcomeSchema } from './agent.ts';
import { failureSchema } from './errors.ts';
import { gradeReportSchema } from './grading.ts';
import { costSchema, modelReplySchema, tokenUsageSchema, toolResultSchema, userMessageSchema } from './model.ts';
import { limitsInForceSchema, sandboxReceiptSchema } from './sandbox.ts';

const at = { at: z.string() };
const attemptRef = { instanceId: z.string(), attempt: z.number().int().positive() };

/**
 * Somebody stepped in after `step`: `rollback` put work tree and conversation back to what they were after `toStep` (0: the start), `hint` left them as they are. Either way the
 * agent is then told `hint`.
 */
export const interventionSchema = z.object({
  kind: z.enum(['rollback', 'hint']),
  reason: z.enum(['loop-repetition', 'loop-alternation', 'loop-monologue', 'value-fall']),
  toStep: z.number().int().nonnegative(),
  hint: z.string(),
});
export type Intervention = z.infer<typeof interventionSchema>;

/** What an agent may emit; the runner adds `at`, `instanceId`, `attempt`. */
export const agentEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step-start'), step: z.number().int().positive(), requestDigest: z.string() }),
  z.object({ type: z.literal('reply-end'), step: z.number().int().positive(), reply: modelReplySchema }),
  z.object({
    type: z.literal('tool-start'),
    step: z.number().int().positive(),
    callId: z.string(),
    name: z.string(),
    input: z.unknown(),
  }),
  z.object({
    type: z.literal('tool-end'),
    step: z.number().int().positive(),
    result: toolResultSchema,
    durationMs: z.number(),
    exitCode: z.number().int().nullable().optional(),
    cutBytes: z.number().int().optional(),
    /** Set when the call was run again on resume: whether it printed the same. The recorded result is what the model saw. */
    repeated: z.enum(['same', 'different']).optional(),
  }),
  z.object({
    type: z.literal('step-end'),
    step: z.number().int().positive(),
    /** What a critic gave the attempt so far, and for how much; absent when none was asked. */
    value: z.number().optional(),
    valueCost: costSchema.optional(),
  }),
  interventionSchema.extend({ type: z.literal('intervention'), step: z.number().int().positive() }),
  /** First event of an attempt: the conversation it starts from. `fixed`: what all its requests share beside the system prompt (tools, limits of a reply); absent where it is not known. */
  z.object({
    type: z.literal('prompt-start'),
    system: z.string(),
    firstMessage: z.unknown(),
    fixed: z.record(z.string(), z.unknown()).optional(),
  }),
  /** A user message within the conversation, after the results of step `step` (0: right after the first message). */
  z.object({ type: z.literal('message-add'), step: z.number().int().nonnegative(), message: userMessageSchema }),
]);
export type AgentEvent = z.infer<typeof agentEventSchema>;

export const attemptTotalsSchema = z.object({
  steps: z.number().int(),
  usage: tokenUsageSchema,
  /** Sum of known costs; `unknownCosts` counts the replies without one. */
  usd: z.number(),
  unknownCosts: z.number().int(),
  wallMs: z.number(),
  /** Wall time without rate-limit waits and retries. */
  workingMs: z.number(),
  /** How often recovery stepped in; absent for never. */
  interventions: z.number().int().optional(),
  /** Replies that were asked for beside the first of their step, and how many of these calls failed; absent without lookahead. */
  lookahead: z.object({ asked: z.number().int(), failed: z.number().int() }).optional(),
});
export type AttemptTotals = z.infer<typeof attemptTotalsSchema>;

/** Work that does not count: of one process on one attempt, under one claim. */
export const workAsideSchema = z.object({
  ...attemptRef,
  owner: z.string(),
  token: z.number().int().nonnegative(),
  reason: z.string(),
  steps: z.number().int().nonnegative(),
  usd: z.number(),
  unknownCosts: z.number().int().nonnegative(),
});
export type WorkAside = z.infer<typeof workAsideSchema>;

const agentEventsWithRef = agentEventSchema.options.map((option) => option.extend({ ...at, ...attemptRef }));

export const runEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('run-start'), ...at, runId: z.string(), attemptsPlanned: z.number().int() }),
  z.object({ type: z.literal('run-resume'), ...at, runId: z.string(), attemptsLeft: z.number().int() }),
  z.object({
    type: z.literal('run-end'),
    ...at,
    runId: z.string(),
    status: z.enum(['completed', 'interrupted', 'failed']),
    failure: failureSchema.optional(),
  }),
  z.object({ type: z.literal('environment-start'), ...at, instanceId: z.string() }),
  z.object({ type: z.literal('environment-delta'), ...at, instanceId: z.string(), line: z.string() }),
  z.object({
    type: z.literal('environment-end'),
    ...at,
    instanceId: z.string(),
    digest: z.string().optional(),
    cached: z.boolean().optional(),
    durationMs: z.number(),
    failure: failureSchema.optional(),
  }),
  z.object({
    type: z.literal('attempt-start'),
    ...at,
    ...attemptRef,
    environmentDigest: z.string(),
    baseCommit: z.string(),
    sandbox: z.object({ id: z.string(), backend: z.string(), tier: z.string(), limitsInForce: limitsInForceSchema }),
  }),
  z.object({ type: z.literal('attempt-resume'), ...at, ...attemptRef, fromStep: z.number().int() }),
  /**
   * Stands in place of `attempt-start` where another tool made the attempt: its file as it was read, whole. `patchKnown`: false when the file holds no patch because its tool keeps it
   * elsewhere. `leak`: set when the trajectory itself tells what the hidden tests said.
   */
  z.object({
    type: z.literal('attempt-import'),
    ...at,
    ...attemptRef,
    format: z.string(),
    file: z.string(),
    raw: z.string(),
    patchKnown: z.boolean(),
    leak: z.string().optional(),
  }),
  /** Agent is finished, patch taken. Durable before grading begins. */
  z.object({
    type: z.literal('attempt-end'),
    ...at,
    ...attemptRef,
    outcome: agentOutcomeSchema,
    totals: attemptTotalsSchema,
    patchDigest: z.string().nullable(),
    patchBytes: z.number().int(),
    /** False when the outcome says nothing about the agent (the infrastructure or the provider failed): there is nothing to grade. Absent = true. */
    gradable: z.boolean().optional(),
    /** Set when no patch could be taken. */
    patchFailure: failureSchema.optional(),
    /** Of the sandbox that the attempt ended in. Absent: it was gone before it could be asked. */
    sandboxUsage: sandboxReceiptSchema.optional(),
  }),
  /** A critic's word about a solved attempt, and what it cost. */
  z.object({
    type: z.literal('score-end'),
    ...at,
    ...attemptRef,
    critic: z.string(),
    score: z.number(),
    cost: costSchema,
  }),
  /** The attempt is not made: there is an answer that is sure enough. */
  z.object({ type: z.literal('attempt-skip'), ...at, ...attemptRef, reason: z.string() }),
  /** In a run of several processes: work on an attempt that does not count, as the attempt had gone to another process meanwhile. It was paid for all the same. */
  z.object({ type: z.literal('work-aside'), ...at, aside: workAsideSchema }),
  /** What the run's log has said of an attempt so far counts no more: its folder is moved out of the way. */
  z.object({ type: z.literal('attempt-forget'), ...at, of: z.object(attemptRef) }),
  z.object({ type: z.literal('grade-start'), ...at, ...attemptRef }),
  z.object({ type: z.literal('grade-end'), ...at, ...attemptRef, report: gradeReportSchema }),
  z.object({
    type: z.literal('note'),
    ...at,
    level: z.enum(['info', 'warning', 'error']),
    message: z.string(),
    instanceId: z.string().optional(),
    attempt: z.number().int().optional(),
  }),
  ...agentEventsWithRef,
]);
export type RunEvent = z.infer<typeof runEventSchema>;
