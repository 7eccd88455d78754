/** What the loop knows of a tool: how the model sees it, and one function that never throws for what the model did. */
import type { ImagePart, TextPart, ToolSpec, Workspace } from '../../contracts/index.ts';

export interface ToolOutcome {
  content: (TextPart | ImagePart)[];
  isError: boolean;
  /** For the event log, where the tool has them. */
  exitCode?: number | null;
  cutBytes?: number;
}

export interface ToolRunOptions {
  workspace: Workspace;
  signal: AbortSignal;
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
