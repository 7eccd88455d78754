/**
 * The two-tool agent: a prompt, `bash`, an edit tool, and a loop until the model stops calling tools or a limit ends it. The history is append-only, so that provider caches hit.
 */
import { digestOf } from '../base/digest.ts';
import {
  type Agent,
  type AgentContext,
  type AgentOutcome,
  AssayError,
  type ModelMessage,
  type ModelReply,
  type ModelRequest,
  type ToolCallPart,
  type ToolResult,
  toFailure,
} from '../contracts/index.ts';
import { addReply, reachedLimit, type Spent } from './limits.ts';
import { promptTemplate } from './prompt-template.ts';
import { runToolCall } from './run-tool-call.ts';
import { createToolSet, editToolTypeFor } from './tool-set.ts';
import type { EditToolType } from './tools/edit-tool.ts';
import type { Tool } from './tools/tool.ts';

export interface TwoToolAgentOptions {
  /** Text of a prompt template; the built-in one when not given. */
  prompt?: string;
  maxOutputTokens?: number;
  temperature?: number;
  /** The edit tool's type; by model id when not given. */
  editTool?: EditToolType;
}

const CONTINUE = 'Your answer was cut off by the output limit. Go on where it ended; write less at once.';
const NUDGE = 'Your answer was empty. Go on with the task, or say in a sentence that you are done.';
const MAX_CONTINUATIONS = 3;
const MAX_MALFORMED_TURNS = 3;

export function createTwoToolAgent(options: TwoToolAgentOptions = {}): Agent {
  const template = promptTemplate(options.prompt);
  const maxOutputTokens = options.maxOutputTokens ?? 16_384;
  const parameters = {
    maxOutputTokens,
    ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
  };
  const specs = [...createToolSet(options.editTool ?? 'text_editor_20250728').values()].map((tool) => tool.spec);

  return {
    name: 'two-tool',
    digest: digestOf({ prompt: template.text, specs, parameters, editTool: options.editTool ?? 'by-model' }),

    async run(context: AgentContext): Promise<AgentOutcome> {
      const tools = createToolSet(options.editTool ?? editToolTypeFor(context.model.id));
      const { system, firstMessage } = template.fill({
        problem_statement: context.problemStatement,
        workdir: context.workspace.workdir,
        base_commit: context.baseCommit,
      });
      const images = context.images.map((image) => ({
        type: 'image' as const,
        mediaType: image.mediaType,
        data: image.data.toString('base64'),
      }));
      const messages: ModelMessage[] = [{ role: 'user', content: [{ type: 'text', text: firstMessage }, ...images] }];
      const request = (): ModelRequest => ({
        system,
        messages,
        tools: [...tools.values()].map((tool) => tool.spec),
        ...parameters,
      });
      const loop = new Loop(context, tools, messages, request, maxOutputTokens);
      try {
        if (context.recorded.length === 0)
          await context.emit({ type: 'prompt-start', system, firstMessage: messages[0] });
        return await loop.run();
      } catch (thrown) {
        return loop.failed(thrown);
      }
    },
  };
}

class Loop {
  private readonly context: AgentContext;
  private readonly tools: ReadonlyMap<string, Tool>;
  private readonly messages: ModelMessage[];
  private readonly request: () => ModelRequest;
  private readonly maxOutputTokens: number;
  private readonly spent: Spent = { steps: 0, tokens: 0, usd: 0, contextTokens: 0 };
  private readonly started = performance.now();
  private readonly deadline: AbortSignal;
  private malformedTurns = 0;
  private continuations = 0;
  private nudged = false;

  constructor(
    context: AgentContext,
    tools: ReadonlyMap<string, Tool>,
    messages: ModelMessage[],
    request: () => ModelRequest,
    maxOutputTokens: number,
  ) {
    this.context = context;
    this.tools = tools;
    this.messages = messages;
    this.request = request;
    this.maxOutputTokens = maxOutputTokens;
    // A command or a reply under way when the time is over is stopped too.
    this.deadline = AbortSignal.any([
      context.signal,
      AbortSignal.timeout(Math.min(context.limits.wallSeconds * 1000, 2 ** 31 - 1)),
    ]);
  }

  async run(): Promise<AgentOutcome> {
    for (;;) {
      const step = this.spent.steps + 1;
      const recorded = this.context.recorded[step - 1];
      if (recorded === undefined) {
        if (this.context.shouldPause()) return { status: 'paused', steps: this.spent.steps };
        const failure = reachedLimit(
          this.spent,
          this.context.limits,
          this.context.model,
          performance.now() - this.started,
          this.maxOutputTokens,
        );
        if (failure !== undefined) return { status: 'limit', steps: this.spent.steps, failure };
      }
      const reply = recorded?.reply ?? (await this.ask(step));
      addReply(this.spent, reply);
      this.messages.push(reply.message);
      const calls = reply.message.content.filter((part) => part.type === 'tool-call');
      const outcome =
        calls.length > 0 ? await this.answer(calls, step, recorded?.results ?? []) : this.withoutCalls(reply);
      await this.context.emit({ type: 'step-end', step });
      if (outcome !== undefined) return outcome;
    }
  }

  failed(thrown: unknown): AgentOutcome {
    const steps = this.spent.steps;
    if (this.context.signal.aborted) return { status: 'paused', steps };
    if (this.deadline.aborted) {
      const failure = new AssayError('limit-wall-time', `${this.context.limits.wallSeconds} s are over`, {
        class: 'limit',
        retryable: false,
      }).toFailure();
      return { status: 'limit', steps, failure };
    }
    const failure = toFailure(thrown);
    const overflow = failure.code === 'model-context-overflow';
    if (overflow)
      return {
        status: 'limit',
        steps,
        failure: { ...failure, code: 'limit-context', class: 'limit', retryable: false },
      };
    return { status: failure.class === 'limit' ? 'limit' : 'failed', steps, failure };
  }

  /** The reply is durable (emitted and awaited) before anything acts on it. */
  private async ask(step: number): Promise<ModelReply> {
    const request = this.request();
    await this.context.emit({ type: 'step-start', step, requestDigest: digestOf(request) });
    const reply = await this.context.model.complete(request, {
      callKey: `${this.context.attemptKey}/${step}`,
      signal: this.deadline,
    });
    await this.context.emit({ type: 'reply-end', step, reply });
    return reply;
  }

  private async answer(
    calls: readonly ToolCallPart[],
    step: number,
    recorded: readonly ToolResult[],
  ): Promise<AgentOutcome | undefined> {
    const results: ToolResult[] = [];
    let malformed = 0;
    for (const call of calls) {
      const before = recorded.find((result) => result.callId === call.id);
      const answered = await runToolCall(call, step, this.tools, this.context, this.deadline, before);
      results.push(answered.result);
      if (answered.malformed) malformed++;
      if (this.deadline.aborted) throw new AssayError('cancelled', 'stopped', { class: 'cancelled', retryable: true });
    }
    this.messages.push({ role: 'tool', results });
    this.malformedTurns = malformed === calls.length ? this.malformedTurns + 1 : 0;
    if (this.malformedTurns < MAX_MALFORMED_TURNS) return undefined;
    const failure = new AssayError(
      'model-reply-malformed',
      `${MAX_MALFORMED_TURNS} turns in a row held only unusable tool calls`,
      { class: 'model', retryable: true },
    );
    return { status: 'failed', steps: this.spent.steps, failure: failure.toFailure() };
  }

  /** A reply without tool calls ends the attempt, unless it was cut off or empty. */
  private withoutCalls(reply: ModelReply): AgentOutcome | undefined {
    const steps = this.spent.steps;
    const text = reply.message.content
      .flatMap((part) => (part.type === 'text' ? [part.text] : []))
      .join('\n')
      .trim();
    switch (reply.stopReason) {
      case 'refusal': {
        const failure = new AssayError('model-refusal', `the model refused: ${text.slice(0, 300)}`, {
          class: 'model',
          retryable: true,
        });
        return { status: 'failed', steps, finalMessage: text, failure: failure.toFailure() };
      }
      case 'context-overflow': {
        const failure = new AssayError('limit-context', 'the context is full', { class: 'limit', retryable: false });
        return { status: 'limit', steps, finalMessage: text, failure: failure.toFailure() };
      }
      case 'max-tokens':
        if (++this.continuations > MAX_CONTINUATIONS) {
          const failure = new AssayError('limit-output', `the output limit cut ${this.continuations} answers off`, {
            class: 'limit',
            retryable: false,
          });
          return { status: 'limit', steps, failure: failure.toFailure() };
        }
        this.say(CONTINUE);
        return undefined;
      default:
        if (text !== '' || this.nudged) return { status: 'done', steps, finalMessage: text };
        this.nudged = true;
        this.say(NUDGE);
        return undefined;
    }
  }

  private say(text: string): void {
    // An empty assistant message cannot be sent back: providers refuse it.
    const last = this.messages.at(-1);
    if (last?.role === 'assistant' && last.content.length === 0) last.content.push({ type: 'text', text: '(empty)' });
    this.messages.push({ role: 'user', content: [{ type: 'text', text }] });
  }
}
