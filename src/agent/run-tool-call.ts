/** Answers one tool call, whatever the model wrote, and reports it as events. */
import { canonicalJson } from '../base/digest.ts';
import type { AgentContext, ToolCallPart, ToolResult } from '../contracts/index.ts';
import { malformedOutcome, type Tool, type ToolOutcome, type ToolRunOptions } from './tools/tool.ts';

export interface CallSetting {
  step: number;
  tools: ReadonlyMap<string, Tool>;
  context: AgentContext;
  /** Aborting kills a command under way. */
  signal: AbortSignal;
  /** The reply ended at the output limit: its last call may be cut off. */
  cutOff: boolean;
}

export interface AnsweredCall {
  result: ToolResult;
  /** The call itself was unusable: unknown tool, or input that is no JSON object or does not fit the tool. */
  malformed: boolean;
}

/**
 * Runs the call and emits `tool-start` and `tool-end`. With `recorded` (a resumed attempt) the call runs again to rebuild the sandbox, and the recorded
 * result is what counts. Throws what the tool throws: `cancelled`, `sandbox-died`.
 */
export async function runToolCall(
  call: ToolCallPart,
  setting: CallSetting,
  recorded?: ToolResult,
): Promise<AnsweredCall> {
  const { step, context } = setting;
  await context.emit({ type: 'tool-start', step, callId: call.id, name: call.name, input: call.input });
  if (recorded !== undefined) await reviveShell(recorded, context);
  const started = performance.now();
  const { tools, signal, cutOff } = setting;
  const { commandSeconds } = context.limits;
  const outcome = await answerCall(call, { tools, workspace: context.workspace, commandSeconds, signal, cutOff });
  const durationMs = performance.now() - started;
  const fresh: ToolResult = { callId: call.id, name: call.name, content: outcome.content, isError: outcome.isError };
  const result = recorded ?? fresh;
  await context.emit({
    type: 'tool-end',
    step,
    result,
    durationMs,
    ...(outcome.exitCode === undefined ? {} : { exitCode: outcome.exitCode }),
    ...(outcome.cutBytes === undefined ? {} : { cutBytes: outcome.cutBytes }),
    ...(recorded === undefined ? {} : { repeated: compare(recorded, fresh) }),
  });
  return { result, malformed: outcome.malformed === true };
}

/** A command that now timed out, and did not when it was recorded, must not keep the rest from being repeated. */
async function reviveShell(recorded: ToolResult, context: AgentContext): Promise<void> {
  const { shell } = context.workspace;
  if (!recorded.isError && !shell.alive) await shell.restart();
}

function compare(recorded: ToolResult, fresh: ToolResult): 'same' | 'different' {
  return canonicalJson(recorded) === canonicalJson(fresh) ? 'same' : 'different';
}

export interface AnswerSetting extends ToolRunOptions, Pick<CallSetting, 'tools' | 'cutOff'> {}

/** Runs one call, and reports nothing. Throws what the tool throws: `cancelled`, `sandbox-died`. */
export async function answerCall(call: ToolCallPart, setting: AnswerSetting): Promise<ToolOutcome> {
  const { tools, cutOff, ...options } = setting;
  const tool = tools.get(call.name);
  if (tool === undefined)
    return malformedOutcome(`There is no tool named ${call.name}. The tools are: ${[...tools.keys()].join(', ')}.`);
  if (call.malformed === true || typeof call.input !== 'object' || call.input === null) {
    return malformedOutcome(
      cutOff
        ? `The call of ${call.name} was cut off by the output limit and was not run. Send it again in smaller pieces.`
        : `The input of ${call.name} is not a JSON object. Send the call again with valid JSON.`,
    );
  }
  return tool.run(call.input, options);
}
