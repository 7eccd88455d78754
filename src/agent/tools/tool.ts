/** What the loop knows of a tool: how the model sees it, and one function that never throws for what the model did. */
import type { ImagePart, TextPart, ToolSpec, Workspace } from '../../contracts/index.ts';

export interface ToolOutcome {
  content: (TextPart | ImagePart)[];
  isError: boolean;
  /** The call itself was unusable: its input does not fit the tool. Nothing was done. */
  malformed?: true;
  /** For the event log, where the tool has them. */
  exitCode?: number | null;
  cutBytes?: number;
}

export interface ToolRunOptions {
  workspace: Workspace;
  /** Aborting kills a command under way; `run` then throws `cancelled`. */
  signal: AbortSignal;
  /** Seconds one command may take. */
  commandSeconds: number;
}

export interface Tool {
  readonly spec: ToolSpec;
  /** `input` is what the model sent, unchecked. Throws only `AssayError`s that end the attempt (cancelled, sandbox gone). */
  run(input: unknown, options: ToolRunOptions): Promise<ToolOutcome>;
}

export function textOutcome(text: string): ToolOutcome {
  return { content: [{ type: 'text', text }], isError: false };
}

export function errorOutcome(text: string): ToolOutcome {
  return { content: [{ type: 'text', text }], isError: true };
}

/** The answer to a call that no tool can take. */
export function malformedOutcome(text: string): ToolOutcome {
  return { ...errorOutcome(text), malformed: true };
}
