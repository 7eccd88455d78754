/** What follows from a reply: tool calls to run, a word to the model, or the end of the attempt. */
import { type AgentOutcome, AssayError, type ModelReply, type ToolCallPart } from '../contracts/index.ts';

/** An outcome but for the number of steps. */
export type Ending = Omit<AgentOutcome, 'steps'>;

export type Verdict =
  | { next: 'call'; calls: ToolCallPart[] }
  | { next: 'say'; text: string }
  | { next: 'end'; ending: Ending };

/** What the loop says to a model, apart from the prompt and tool results. */
export const SAYINGS = {
  goOn: 'Your answer was cut off by the output limit. Go on where it ended; write less at once.',
  nudge: 'Your answer was empty. Go on with the task, or say in a sentence that you are done.',
} as const;

/** Cut-off answers in a row that are asked to go on. */
const MAX_CONTINUATIONS = 3;
/** Turns in a row that may hold nothing but unusable calls. */
const MAX_MALFORMED_TURNS = 3;

/** One per attempt: its patience is counted over turns in a row. A resumed attempt judges its recorded replies again and comes to the same. */
export class ReplyJudge {
  private continuations = 0;
  private nudges = 0;
  private malformedTurns = 0;

  judge(reply: ModelReply): Verdict {
    const text = textOf(reply);
    if (reply.stopReason === 'refusal') return end(refusal(text));
    const calls = reply.message.content.filter((part) => part.type === 'tool-call');
    if (calls.length > 0) {
      this.continuations = 0;
      this.nudges = 0;
      return { next: 'call', calls };
    }
    if (reply.stopReason === 'context-overflow')
      return end({ ...limited('limit-context', 'the context is full'), finalMessage: text });
    if (reply.stopReason === 'max-tokens') {
      if (++this.continuations > MAX_CONTINUATIONS)
        return end(limited('limit-output', `the output limit cut off ${this.continuations} answers in a row`));
      return { next: 'say', text: SAYINGS.goOn };
    }
    if (text === '' && this.nudges++ === 0) return { next: 'say', text: SAYINGS.nudge };
    return end({ status: 'done', finalMessage: text });
  }

  /** After the calls of a turn were answered: the ending when the model cannot use its tools. */
  judgeCalls(calls: number, malformed: number): Ending | undefined {
    this.malformedTurns = malformed === calls ? this.malformedTurns + 1 : 0;
    if (this.malformedTurns < MAX_MALFORMED_TURNS) return undefined;
    const message = `${MAX_MALFORMED_TURNS} turns in a row held only unusable tool calls`;
    const failure = new AssayError('model-reply-malformed', message, { class: 'model', retryable: true });
    return { status: 'failed', failure: failure.toFailure() };
  }
}

function textOf(reply: ModelReply): string {
  return reply.message.content
    .flatMap((part) => (part.type === 'text' ? [part.text] : []))
    .join('\n')
    .trim();
}

function end(ending: Ending): Verdict {
  return { next: 'end', ending };
}

function refusal(text: string): Ending {
  const message = text === '' ? 'the model refused' : `the model refused: ${text.slice(0, 300)}`;
  const failure = new AssayError('model-refusal', message, { class: 'model', retryable: true });
  return { status: 'failed', finalMessage: text, failure: failure.toFailure() };
}

function limited(code: 'limit-context' | 'limit-output', message: string): Ending {
  return { status: 'limit', failure: new AssayError(code, message, { class: 'limit', retryable: false }).toFailure() };
}
