/** Answers one tool call, whatever the model wrote, and reports it as events. */

import { canonicalJson } from '../base/digest.ts';
import type { AgentContext, ToolCallPart, ToolResult } from '../contracts/index.ts';
import { errorOutcome, type Tool, type ToolOutcome } from './tools/tool.ts';

export interface AnsweredCall {
  result: ToolResult;
  /** The call itself was unusable: unknown tool or input that is no JSON object. */
  malformed: boolean;
}

/**
 * Runs the call and emits `tool-start` and `tool-end`. With `recorded` (a resumed attempt) the call runs again to rebuild the sandbox, and the recorded
 * result is what counts.
 */
export async function runToolCall(
  call: ToolCallPart,
  step: number,
  tools: ReadonlyMap<string, Tool>,
  context: AgentContext,
  signal: AbortSignal,
  recorded?: ToolResult,
): Promise<AnsweredCall> {
  await context.emit({ type: 'tool-start', step, callId: call.id, name: call.name, input: call.input });
  const started = performance.now();
  const { outcome, malformed } = await answer(call, tools, context, signal);
  const fresh: ToolResult = { callId: call.id, name: call.name, content: outcome.content, isError: outcome.isError };
  const result = recorded ?? fresh;
  await context.emit({
    type: 'tool-end',
    step,
    result,
    durationMs: performance.now() - started,
    ...(outcome.exitCode === undefined ? {} : { exitCode: outcome.exitCode }),
    ...(outcome.cutBytes === undefined ? {} : { cutBytes: outcome.cutBytes }),
    ...(recorded === undefined
      ? {}
      : { repeated: canonicalJson(recorded) === canonicalJson(fresh) ? ('same' as const) : ('different' as const) }),
  });
  return { result, malformed };
}

async function answer(
  call: ToolCallPart,
  tools: ReadonlyMap<string, Tool>,
  context: AgentContext,
  signal: AbortSignal,
): Promise<{ outcome: ToolOutcome; malformed: boolean }> {
  const tool = tools.get(call.name);
  if (tool === undefined) {
    return {
      outcome: errorOutcome(`There is no tool named ${call.name}. The tools are: ${[...tools.keys()].join(', ')}.`),
      malformed: true,
    };
  }
  if (call.malformed === true || typeof call.input !== 'object' || call.input === null) {
    return {
      outcome: errorOutcome(`The input of ${call.name} is not a JSON object. Send the call again with valid JSON.`),
      malformed: true,
    };
  }
  const outcome = await tool.run(call.input, {
    workspace: context.workspace,
    signal,
    commandSeconds: context.limits.commandSeconds,
  });
  return { outcome, malformed: false };
}
