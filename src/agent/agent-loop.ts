/** The loop: ask, make the reply durable, act on it, until the model stops calling tools or a limit ends it. */
import { digestOf } from '../base/digest.ts';
import {
  type AgentContext,
  type AgentOutcome,
  AssayError,
  type ModelReply,
  type RecordedStep,
  type ToolCallPart,
  type ToolResult,
} from '../contracts/index.ts';
import type { Conversation } from './conversation.ts';
import { Deadline } from './deadline.ts';
import { type Ending, ReplyJudge } from './judge-reply.ts';
import { addReply, reachedLimit, type Spent } from './limits.ts';
import type { RecoveryOptions } from './recovery/recovery.ts';
import { StepRecovery } from './recovery/step-recovery.ts';
import { runToolCall } from './run-tool-call.ts';
import { thrownEnding } from './thrown-ending.ts';
import type { Tool } from './tools/tool.ts';

/** What the calls of a step brought, and the ending that follows from it, if any. */
interface Answered {
  results: readonly ToolResult[];
  ending?: Ending;
}

export class AgentLoop {
  private readonly context: AgentContext;
  private readonly tools: ReadonlyMap<string, Tool>;
  private readonly conversation: Conversation;
  private readonly judge = new ReplyJudge();
  private readonly deadline: Deadline;
  private readonly spent: Spent = { steps: 0, tokens: 0, usd: 0, contextTokens: 0 };

  private readonly recovery: StepRecovery | undefined;

  /** `recovery`: how the agent is brought back; needs checkpoints in the context. */
  constructor(
    context: AgentContext,
    tools: ReadonlyMap<string, Tool>,
    conversation: Conversation,
    recovery?: RecoveryOptions,
  ) {
    this.context = context;
    this.tools = tools;
    this.conversation = conversation;
    this.deadline = new Deadline(context.signal);
    const { checkpoints } = context;
    if (recovery !== undefined && checkpoints !== undefined)
      this.recovery = new StepRecovery(context, conversation, checkpoints, recovery);
  }

  /** Never throws. */
  async run(): Promise<AgentOutcome> {
    const ending = await this.untilEnd().catch((thrown: unknown) =>
      thrownEnding(thrown, {
        aborted: this.context.signal.aborted,
        deadlinePassed: this.deadline.passed,
        wallSeconds: this.context.limits.wallSeconds,
      }),
    );
    this.deadline.close();
    // An attempt that stops while it is rebuilt has lost none of its recorded steps.
    return { ...ending, steps: Math.max(this.spent.steps, this.context.recorded.length) };
  }

  private async untilEnd(): Promise<Ending> {
    await this.recovery?.begin();
    for (let step = 1; ; step++) {
      const recorded = this.recordedStep(step);
      const stop = this.mayNotGoOn(recorded);
      if (stop !== undefined) return stop;
      const reply = recorded?.reply ?? (await this.ask(step));
      addReply(this.spent, reply);
      this.conversation.addReply(reply.message);
      const verdict = this.judge.judge(reply);
      let answered: Answered = { results: [] };
      if (verdict.next === 'call') answered = await this.answer(verdict.calls, reply, step, recorded?.results ?? []);
      else if (verdict.next === 'say') this.conversation.say(verdict.text);
      else answered = { results: [], ending: verdict.ending };
      const valued = await this.recovery?.value(recorded);
      await this.context.emit({ type: 'step-end', step, ...valued });
      if (answered.ending !== undefined) return answered.ending;
      await this.recovery?.after(
        { step, reply: reply.message, results: answered.results, value: valued?.value },
        recorded,
      );
    }
  }

  private recordedStep(step: number): RecordedStep | undefined {
    const recorded = this.context.recorded[step - 1];
    if (recorded === undefined || recorded.step === step) return recorded;
    const message = `the attempt's record holds step ${recorded.step} where step ${step} belongs`;
    throw new AssayError('store-invalid', message, { class: 'infra', retryable: false });
  }

  /** Before each step: stopped, asked to pause, or out of something. What is recorded was within the limits. */
  private mayNotGoOn(recorded: RecordedStep | undefined): Ending | undefined {
    if (this.context.signal.aborted || this.context.shouldPause()) return { status: 'paused' };
    if (recorded !== undefined) return undefined;
    this.startClock();
    const { limits, model, elapsedMs = 0 } = this.context;
    const usedMs = this.deadline.passed ? Number.POSITIVE_INFINITY : elapsedMs + this.deadline.elapsedMs;
    const failure = reachedLimit(this.spent, limits, model.contextTokens, usedMs);
    return failure === undefined ? undefined : { status: 'limit', failure };
  }

  /** The clock runs from the first thing that is not a repetition. */
  private startClock(): void {
    this.deadline.arm(this.context.limits.wallSeconds * 1000 - (this.context.elapsedMs ?? 0));
  }

  /** The reply is durable (emitted and awaited) before anything acts on it. */
  private async ask(step: number): Promise<ModelReply> {
    const { context, deadline } = this;
    const request = this.conversation.request();
    await context.emit({ type: 'step-start', step, requestDigest: digestOf(request) });
    const callKey = `${context.attemptKey}/${step}`;
    const reply = await context.model.complete(request, { callKey, signal: deadline.signal });
    await context.emit({ type: 'reply-end', step, reply });
    return reply;
  }

  /** Runs the calls in order and answers each; `recorded` are the results the model has seen already. */
  private async answer(
    calls: readonly ToolCallPart[],
    reply: ModelReply,
    step: number,
    recorded: readonly ToolResult[],
  ): Promise<Answered> {
    const { context, deadline, tools } = this;
    const setting = { step, tools, context, signal: deadline.signal, cutOff: reply.stopReason === 'max-tokens' };
    const results: ToolResult[] = [];
    let malformed = 0;
    for (const [index, call] of calls.entries()) {
      if (deadline.signal.aborted)
        throw new AssayError('cancelled', 'stopped', { class: 'cancelled', retryable: true });
      const seen = recorded[index]?.callId === call.id ? recorded[index] : undefined;
      if (seen === undefined) this.startClock();
      const answered = await runToolCall(call, setting, seen);
      results.push(answered.result);
      if (answered.malformed) malformed++;
    }
    this.conversation.addResults(results);
    const ending = this.judge.judgeCalls(calls.length, malformed);
    return { results, ...(ending === undefined ? {} : { ending }) };
  }
}
