/** The request of a step as the loop built it, from what the log has of the steps before it. */
import type { ModelRequest, RecordedStep, UserMessage } from '../contracts/index.ts';
import { Conversation } from './conversation.ts';
import { ReplyJudge } from './judge-reply.ts';

export interface RequestOrigin {
  /** As `prompt-start` has them. */
  fixed: Omit<ModelRequest, 'messages'>;
  first: UserMessage;
  /** The steps before the one that is asked about, in order, from step 1. */
  recorded: readonly RecordedStep[];
}

/** Goes through the recorded steps as a resume does. The digest of `step-start` tells whether the request is the one that was sent. */
export function rebuildRequest({ fixed, first, recorded }: RequestOrigin): ModelRequest {
  const conversation = new Conversation(fixed, first);
  const judge = new ReplyJudge();
  /** Messages that there were after each step. */
  const lengths = new Map([[0, conversation.length]]);
  for (const { step, reply, results, intervention } of recorded) {
    conversation.addReply(reply.message);
    const verdict = judge.judge(reply);
    if (verdict.next === 'call') conversation.addResults(results);
    else if (verdict.next === 'say') conversation.say(verdict.text);
    lengths.set(step, conversation.length);
    if (intervention === undefined) continue;
    if (intervention.kind === 'rollback') conversation.cut(lengths.get(intervention.toStep) ?? conversation.length);
    conversation.say(intervention.hint);
  }
  return conversation.request();
}
