/** Recovery at work in one attempt: keeps a checkpoint per step, asks for values, and brings the agent back. */
import { canonicalJson } from '../../base/digest.ts';
import {
  type AgentContext,
  AssayError,
  type AssistantMessage,
  type Checkpoints,
  type Cost,
  type Intervention,
  type RecordedStep,
  type ToolResult,
} from '../../contracts/index.ts';
import type { Conversation } from '../conversation.ts';
import type { Turn } from './detect-loop.ts';
import { HINTS, Recovery, type RecoveryOptions } from './recovery.ts';

interface Place {
  checkpoint: string;
  messages: number;
}

export interface FinishedStep {
  step: number;
  reply: AssistantMessage;
  results: readonly ToolResult[];
  value: number | undefined;
}

export class StepRecovery {
  private readonly context: AgentContext;
  private readonly conversation: Conversation;
  private readonly checkpoints: Checkpoints;
  private readonly recovery: Recovery;
  private readonly places = new Map<number, Place>();

  constructor(context: AgentContext, conversation: Conversation, checkpoints: Checkpoints, options: RecoveryOptions) {
    this.context = context;
    this.conversation = conversation;
    this.checkpoints = checkpoints;
    this.recovery = new Recovery(options);
  }

  /** Must be awaited before the first step. */
  async begin(): Promise<void> {
    await this.keepPlace(0);
  }

  /** What the critic gives the attempt now; of a recorded step what it gave then. Nothing without a critic, or when it cannot say. */
  async value(recorded: RecordedStep | undefined): Promise<{ value?: number; valueCost?: Cost }> {
    if (recorded !== undefined) return recorded.value === undefined ? {} : { value: recorded.value };
    const valued = await this.context.appraise?.(this.conversation.request());
    return valued == null ? {} : { value: valued.value, valueCost: valued.cost };
  }

  /** After a step that did not end the attempt. A recorded step has the intervention that was recorded, or none. */
  async after({ step, reply, results, value }: FinishedStep, recorded: RecordedStep | undefined): Promise<void> {
    await this.keepPlace(step);
    const decided = this.recovery.after(step, turnOf(reply, results), value ?? null);
    const intervention = recorded === undefined ? this.possible(decided) : (recorded.intervention ?? null);
    if (intervention === null) return;
    if (recorded === undefined) await this.context.emit({ type: 'intervention', step, ...intervention });
    await this.perform(intervention);
  }

  /** Where there is no checkpoint to go back to, a word must do. */
  private possible(decided: Intervention | null): Intervention | null {
    if (decided?.kind !== 'rollback' || this.places.has(decided.toStep)) return decided;
    return { ...decided, kind: 'hint', hint: HINTS.stay };
  }

  private async perform(intervention: Intervention): Promise<void> {
    const place = this.places.get(intervention.toStep);
    if (intervention.kind === 'rollback' && place !== undefined) {
      // First the shell: what it left running belongs to the steps that are undone, and its folder may be gone.
      await this.context.workspace.shell.restart();
      if (!(await this.wasRestored(place.checkpoint))) {
        this.conversation.say(HINTS.stay);
        return;
      }
      this.conversation.cut(place.messages);
    }
    this.recovery.apply(intervention);
    this.conversation.say(intervention.hint);
  }

  /** What lies in the sandbox is in the agent's hands: a state that it destroyed is its own loss, and no failure of the machine. */
  private async wasRestored(checkpoint: string): Promise<boolean> {
    try {
      await this.checkpoints.restore(checkpoint, this.context.signal);
      return true;
    } catch (error) {
      if (!(error instanceof AssayError) || error.code !== 'sandbox-file') throw error;
      return false;
    }
  }

  /** A work tree that git cannot take (a repository without commits in it) is no reason to end the attempt: it cannot be gone back to. */
  private async keepPlace(step: number): Promise<void> {
    try {
      const checkpoint = await this.checkpoints.save(this.context.signal);
      this.places.set(step, { checkpoint, messages: this.conversation.length });
    } catch (error) {
      if (!(error instanceof AssayError) || error.code !== 'sandbox-file') throw error;
    }
  }
}

/** What the model did and saw, without what differs from call to call. */
function turnOf(reply: AssistantMessage, results: readonly ToolResult[]): Turn {
  const calls = reply.content.flatMap((part) =>
    part.type === 'tool-call' ? [{ name: part.name, input: part.input }] : [],
  );
  return {
    action: calls.length === 0 ? null : canonicalJson(calls),
    observation: canonicalJson(results.map(({ content, isError }) => ({ content, isError }))),
    failed: results.some((one) => one.isError),
  };
}
