/** The events of an imported attempt: the same as if it had run here, with what the other tool did not record left out. Pure. */
import { sha256 } from '../base/digest.ts';
import { NO_USAGE } from '../base/token-usage.ts';
import type {
  AgentOutcome,
  AttemptTotals,
  GradeReport,
  ModelMessage,
  ModelReply,
  RunEvent,
} from '../contracts/index.ts';
import type { LabelledAttempt } from './read-labelled-folder.ts';

/** Everything in the order of the log; the attempt without a label stays ungraded. */
export function attemptEvents(imported: LabelledAttempt, attempt: number, at: string): RunEvent[] {
  const ref = { at, instanceId: imported.instanceId, attempt };
  const { trajectory, format, file, raw } = imported;
  const [first, ...rest] = trajectory.messages;
  const patchBytes = Buffer.byteLength(trajectory.patch);
  const events: RunEvent[] = [
    {
      type: 'attempt-import',
      ...ref,
      format,
      file,
      raw,
      patchKnown: trajectory.patchKnown,
      ...(trajectory.leak === undefined ? {} : { leak: trajectory.leak }),
    },
    { type: 'prompt-start', ...ref, system: trajectory.system, firstMessage: first },
    ...conversationEvents(rest, ref),
  ];
  const steps = trajectory.messages.filter(({ role }) => role === 'assistant').length;
  events.push({
    type: 'attempt-end',
    ...ref,
    outcome: outcomeOf(imported, steps),
    totals: totalsOf(imported, steps),
    patchDigest: sha256(trajectory.patch),
    patchBytes,
  });
  if (imported.resolved !== null)
    events.push({ type: 'grade-end', ...ref, report: reportOf(imported, imported.resolved) });
  return events;
}

function conversationEvents(
  messages: readonly ModelMessage[],
  ref: { at: string; instanceId: string; attempt: number },
): RunEvent[] {
  const events: RunEvent[] = [];
  let step = 0;
  for (const message of messages) {
    if (message.role === 'user') events.push({ type: 'message-add', ...ref, step, message });
    else if (message.role === 'assistant')
      events.push({ type: 'reply-end', ...ref, step: ++step, reply: replyOf(message) });
    else for (const result of message.results) events.push({ type: 'tool-end', ...ref, step, result, durationMs: 0 });
  }
  return events;
}

function replyOf(message: ModelReply['message']): ModelReply {
  const calls = message.content.some(({ type }) => type === 'tool-call');
  return {
    message,
    stopReason: calls ? 'tool-use' : 'end',
    usage: NO_USAGE,
    cost: { kind: 'unknown' },
    servedModel: null,
    latencyMs: 0,
    retries: [],
    rawUsage: null,
    source: 'imported',
  };
}

function outcomeOf({ trajectory }: LabelledAttempt, steps: number): AgentOutcome {
  if (trajectory.ended !== 'failed') return { status: trajectory.ended, steps };
  return {
    status: 'failed',
    steps,
    failure: {
      code: 'internal',
      class: 'model',
      message: 'the agent ended without a result, as its tool tells',
      retryable: null,
    },
  };
}

function totalsOf({ trajectory }: LabelledAttempt, steps: number): AttemptTotals {
  const wallMs = trajectory.wallMs ?? 0;
  return {
    steps,
    usage: { ...NO_USAGE, inputUncached: trajectory.inputTokens ?? 0, output: trajectory.outputTokens ?? 0 },
    usd: trajectory.usd ?? 0,
    unknownCosts: trajectory.usd === null ? steps : 0,
    wallMs,
    workingMs: wallMs,
  };
}

/** Only the label: which tests passed is not known. */
function reportOf({ instanceId, trajectory, resolved }: LabelledAttempt, label: boolean): GradeReport {
  const empty = trajectory.patchKnown && trajectory.patch.trim() === '';
  return {
    instanceId,
    verdict: label ? 'resolved' : empty ? 'empty-patch' : 'unresolved',
    resolved: label,
    patchApplied: trajectory.patchKnown && !empty,
    failToPass: { success: [], failure: [] },
    passToPass: { success: [], failure: [] },
    testsSeen: 0,
    exitCode: null,
    durationMs: 0,
    restoredFiles: [],
    gradeDigest: sha256(`imported label\0${instanceId}\0${trajectory.patch}\0${resolved}`),
  };
}
