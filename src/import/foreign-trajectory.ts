/** What the readers of other tools' files give, and the parts that they share. Lenient: what a file does not say is null or empty. */
import type { AssistantMessage, ModelMessage, ToolMessage, UserMessage } from '../contracts/index.ts';

/** One attempt of another tool. Nothing of it is a verdict, and nothing was derived from hidden tests or a gold patch. */
export interface ForeignTrajectory {
  system: string;
  /** From the first user message on; the actions of agents that write commands as text are tool calls here. */
  messages: ModelMessage[];
  /** `''` when there is none. */
  patch: string;
  /** False when the file holds no patch because its tool stored it elsewhere. */
  patchKnown: boolean;
  /** How the agent ended, by its own account. */
  ended: 'done' | 'limit' | 'failed';
  usd: number | null;
  inputTokens: number | null;
  outputTokens: number | null;
  wallMs: number | null;
  /** Set when the agent was told results of the hidden tests while it worked: its length gives the verdict away. */
  leak?: string;
}

/** One file format of one tool. */
export interface TrajectoryFormat {
  readonly name: string;
  /** True when this JSON document looks like the format. Never throws. */
  matches(document: unknown): boolean;
  /** Throws `ZodError` when what the format cannot do without is missing. */
  read(document: unknown): ForeignTrajectory;
}

export function userText(text: string): UserMessage {
  return { role: 'user', content: [{ type: 'text', text }] };
}

/** A reply that says something and, when `call` is given, makes one tool call. */
export function assistantTurn(text: string, call?: { id: string; name: string; input: unknown }): AssistantMessage {
  return {
    role: 'assistant',
    content: [
      ...(text.trim() === '' ? [] : [{ type: 'text' as const, text }]),
      ...(call === undefined ? [] : [{ type: 'tool-call' as const, ...call }]),
    ],
  };
}

export function toolText(callId: string, name: string, text: string, isError = false): ToolMessage {
  return { role: 'tool', results: [{ callId, name, content: [{ type: 'text', text }], isError }] };
}
