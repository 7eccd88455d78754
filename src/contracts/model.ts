/**
 * One model behind one call. Providers, retry, budget, record and replay are all `Model`s that wrap each other.
 * Contract suite: `test/contracts/model-contract.ts`.
 */
import { z } from 'zod';
import { failureSchema } from './errors.ts';

export const textPartSchema = z.object({ type: z.literal('text'), text: z.string() });
/** Base64 without prefix. */
export const imagePartSchema = z.object({ type: z.literal('image'), mediaType: z.string(), data: z.string() });
/** `signature` and `redacted` must be sent back unchanged to the provider that made them. */
export const reasoningPartSchema = z.object({
  type: z.literal('reasoning'),
  text: z.string(),
  providerData: z.unknown().optional(),
});
export const toolCallPartSchema = z.object({
  type: z.literal('tool-call'),
  id: z.string(),
  name: z.string(),
  /** Parsed JSON, or the raw string when the model wrote malformed JSON. */
  input: z.unknown(),
  malformed: z.boolean().optional(),
  providerData: z.unknown().optional(),
});
export const toolResultSchema = z.object({
  callId: z.string(),
  name: z.string(),
  content: z.array(z.discriminatedUnion('type', [textPartSchema, imagePartSchema])),
  isError: z.boolean(),
});

export const userMessageSchema = z.object({
  role: z.literal('user'),
  content: z.array(z.discriminatedUnion('type', [textPartSchema, imagePartSchema])),
});
export const assistantMessageSchema = z.object({
  role: z.literal('assistant'),
  content: z.array(z.discriminatedUnion('type', [textPartSchema, reasoningPartSchema, toolCallPartSchema])),
});
export const toolMessageSchema = z.object({ role: z.literal('tool'), results: z.array(toolResultSchema) });
export const modelMessageSchema = z.discriminatedUnion('role', [
  userMessageSchema,
  assistantMessageSchema,
  toolMessageSchema,
]);

export type TextPart = z.infer<typeof textPartSchema>;
export type ImagePart = z.infer<typeof imagePartSchema>;
export type ToolCallPart = z.infer<typeof toolCallPartSchema>;
export type ToolMessage = z.infer<typeof toolMessageSchema>;
export type ToolResult = z.infer<typeof toolResultSchema>;
export type UserMessage = z.infer<typeof userMessageSchema>;
export type AssistantMessage = z.infer<typeof assistantMessageSchema>;

export type ModelMessage = z.infer<typeof modelMessageSchema>;

/** A tool as the model sees it. `native` names a provider-defined type (`bash_20250124`, `text_editor_20250728`), used where the provider has it. */
export interface ToolSpec {
  name: string;
  description: string;
  inputSchema: Record<string, unknown>;
  native?: { anthropic?: { type: string; options?: Record<string, unknown> } };
}

export interface ModelRequest {
  system: string;
  messages: readonly ModelMessage[];
  tools: readonly ToolSpec[];
  maxOutputTokens: number;
  temperature?: number;
  topP?: number;
  seed?: number;
  stopSequences?: readonly string[];
  /** So many replies are wanted. Where the wire format has a number of choices, one call brings them all; else the reply is the one it would be without. */
  choices?: number;
}

/** Disjoint parts: total input = the sum of the first four. `reasoning` is a part of `output`. Null where the provider does not say. */
export const tokenUsageSchema = z.object({
  inputUncached: z.number().int().nonnegative(),
  cacheRead: z.number().int().nonnegative(),
  cacheWrite5m: z.number().int().nonnegative(),
  cacheWrite1h: z.number().int().nonnegative(),
  output: z.number().int().nonnegative(),
  reasoning: z.number().int().nonnegative().nullable(),
});
export type TokenUsage = z.infer<typeof tokenUsageSchema>;

/** `unknown` is never zero: sums that contain it are "at least". */
export const costSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('measured'), usd: z.number() }),
  z.object({ kind: z.literal('priced'), usd: z.number(), table: z.string() }),
  z.object({ kind: z.literal('unknown') }),
]);
export type Cost = z.infer<typeof costSchema>;

export const stopReasonSchema = z.enum([
  'end',
  'tool-use',
  'max-tokens',
  'context-overflow',
  'refusal',
  'stop-sequence',
  'other',
]);
export type StopReason = z.infer<typeof stopReasonSchema>;

/** One of several replies to the same request. `value` is a critic's; null when it could give none. */
export const candidateReplySchema = z.object({
  message: assistantMessageSchema,
  stopReason: stopReasonSchema,
  usage: tokenUsageSchema,
  cost: costSchema,
  value: z.number().nullable(),
  /** It came with the call of the candidate before it: usage and cost of that call stand there, here they are zero. */
  sameCall: z.literal(true).optional(),
  /** What its calls brought in a copy of the sandbox, when they were tried before it was valued. */
  trial: z.object({ results: z.array(toolResultSchema), durationMs: z.number() }).optional(),
});
export type CandidateReply = z.infer<typeof candidateReplySchema>;

export const modelReplySchema = z.object({
  message: assistantMessageSchema,
  stopReason: stopReasonSchema,
  usage: tokenUsageSchema,
  cost: costSchema,
  /** The model id the provider says it used. */
  servedModel: z.string().nullable(),
  latencyMs: z.number(),
  /** Failed tries before this reply, with the time lost waiting. */
  retries: z.array(z.object({ failure: failureSchema, waitedMs: z.number() })),
  /** Provider's own usage object, kept as sent. */
  rawUsage: z.unknown(),
  /** `live`, or where it came from instead; `imported` ones carry no usage of their own (all zero), only the attempt's totals do. */
  source: z.enum(['live', 'journal', 'replay', 'scripted', 'imported']),
  /** Set when the same request had been sent before by a courier that died with it: the provider may have charged for both. */
  maybePaidTwice: z.boolean().optional(),
  /** Where the provider's answer lies as it came: `courier/<name>.json` of the run. Absent where there was no courier. */
  journalEntry: z.string().optional(),
  /** The other replies that the same call brought, when `choices` asked for several; `usage` and `cost` are of all of them. */
  alternatives: z.array(z.object({ message: assistantMessageSchema, stopReason: stopReasonSchema })).optional(),
  /**
   * Set when this reply was chosen among several. `usage` and `cost` of the reply are then those of all of them together, and of the critic. `failed` calls brought no
   * candidate.
   */
  lookahead: z
    .object({
      candidates: z.array(candidateReplySchema),
      chosen: z.number().int().nonnegative(),
      failed: z.number().int().nonnegative(),
      critic: z.string(),
      criticCost: costSchema,
      /** Why the candidates' calls could not be tried, when they should have been. */
      untried: z.string().optional(),
    })
    .optional(),
});
export type ModelReply = z.infer<typeof modelReplySchema>;

export interface ModelCallOptions {
  /** Names this call for ever: `<run>/<instance>/<attempt>/<step>`. The same key on resume finds a reply that was already paid for. */
  callKey: string;
  signal: AbortSignal;
  onDelta?: (delta: { type: 'text' | 'reasoning' | 'tool-input'; text: string }) => void;
}

export interface Model {
  /** As the user named it: `anthropic/claude-sonnet-4-5`, `openai/gpt-5`, `scripted:demo.yaml`, ... */
  readonly id: string;
  /** Tokens of context, when known. */
  readonly contextTokens: number | null;
  /** Id of the model that this one stands for, where tools or prompts depend on the model: a replay stands for what was recorded. Default `id`. */
  readonly standsFor?: string | undefined;
  /**
   * One reply. Throws `AssayError` of class `model` (or `cancelled`, `limit`) when none can be had; never returns half a reply.
   */
  complete(request: ModelRequest, options: ModelCallOptions): Promise<ModelReply>;
  /** Flushes and closes; a scripted model throws `script-unconsumed` here when steps are left. Idempotent. */
  close(): Promise<void>;
}
