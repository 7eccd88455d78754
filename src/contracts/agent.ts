/** An agent: works on one instance in one workspace with one model until it is done or a limit ends it. */
import { z } from 'zod';
import { failureSchema } from './errors.ts';
import type { AgentEvent, Intervention } from './events.ts';
import type { Cost, Model, ModelMessage, ModelReply, ToolResult } from './model.ts';
import type { IssueImage } from './task.ts';
import type { UserTool } from './user-tool.ts';
import type { Workspace } from './workspace.ts';

export const agentLimitsSchema = z.object({
  steps: z.number().int().positive().default(100),
  wallSeconds: z.number().positive().default(3600),
  /** Input + output tokens of all calls together. */
  tokens: z.number().int().positive().optional(),
  costUsd: z.number().positive().optional(),
  /** Input tokens of one call; the model's own context when not given. */
  contextTokens: z.number().int().positive().optional(),
  commandSeconds: z.number().positive().default(120),
});
export type AgentLimits = z.infer<typeof agentLimitsSchema>;

/** Steps of an attempt that a dead process left: replies that were paid for, and the results the agent saw. */
export interface RecordedStep {
  step: number;
  reply: ModelReply;
  /** In the order of the calls; may be incomplete for the last step. */
  results: ToolResult[];
  /** A critic's, when it was asked. */
  value?: number;
  /** What happened after the step. */
  intervention?: Intervention;
}

/** States of the work tree that can be returned to. Installed packages and ignored folders like them are not part of it. */
export interface Checkpoints {
  /** Resolves to a name for the state as it is now. Throws `sandbox-file`, `sandbox-died`, `cancelled`. */
  save(signal: AbortSignal): Promise<string>;
  /** Puts the files of that state back and removes all others. Throws like `save`. */
  restore(name: string, signal: AbortSignal): Promise<void>;
}

export interface AgentContext {
  /** `<run>/<instance>/<attempt>`: prefix of every model call's key. */
  attemptKey: string;
  problemStatement: string;
  images: readonly IssueImage[];
  workspace: Workspace;
  baseCommit: string;
  model: Model;
  limits: AgentLimits;
  /** Already durable steps, when an attempt is resumed: their commands run again to rebuild the sandbox, their replies are not asked for again. */
  recorded: readonly RecordedStep[];
  /** The log has the conversation's start. False for a fork with another prompt, which has steps and no start. Default: when there are recorded steps. */
  opened?: boolean;
  /** For recovery; absent where nothing is to be returned to. */
  checkpoints?: Checkpoints;
  /** How good the attempt looks after the last message, by a critic; null when it cannot say, which the caller has noted. Absent when there is no critic. */
  appraise?(conversation: {
    system: string;
    messages: readonly ModelMessage[];
  }): Promise<{ value: number; cost: Cost } | null>;
  /** Wall time that earlier processes spent on this attempt: it counts towards `limits.wallSeconds`, running recorded steps again does not. Default 0. */
  elapsedMs?: number;
  /** For tasks with a user who tries the application. */
  userTool?: UserTool;
  /** Must be awaited: resolves once the event is durable. A model reply is emitted before it is acted on. */
  emit(event: AgentEvent): Promise<void>;
  /** Aborted = stop now. */
  signal: AbortSignal;
  /** Becomes true when the attempt should end after the step under way (the first Ctrl-C). */
  shouldPause(): boolean;
}

/** `done`: the model stopped calling tools. `paused`: may be resumed. */
export const agentOutcomeSchema = z.object({
  status: z.enum(['done', 'limit', 'failed', 'paused']),
  steps: z.number().int(),
  finalMessage: z.string().optional(),
  failure: failureSchema.optional(),
});
export type AgentOutcome = z.infer<typeof agentOutcomeSchema>;

export interface Agent {
  readonly name: string;
  /** Digest of prompts, tool schemas and parameters: part of the run's lock. */
  readonly digest: string;
  /** Never throws: failures are in the outcome. Does not capture the patch; the runner does, whatever the outcome. */
  run(context: AgentContext): Promise<AgentOutcome>;
}
