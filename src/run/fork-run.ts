/**
 * A run that goes on from a step of an attempt of another run. It holds that attempt up to the step, with what was edited; whoever resumes it rebuilds the sandbox by running the
 * recorded commands again, as after a crash, and then the agent works on.
 */
import { dirname } from 'node:path';
import {
  AssayError,
  type AttemptRef,
  type ForkEdit,
  type ModelReply,
  type RunEvent,
  type RunManifest,
  type RunRecord,
} from '../contracts/index.ts';
import { fileRunStore } from '../store/file-run-store.ts';
import { createDerivedRun, derivedManifest, PROMPT_FILE, promptOf } from './derived-run.ts';

export interface ForkOptions {
  runsDir: string;
  source: RunRecord;
  ref: AttemptRef;
  /** Kept: steps 1 to this one. 0: nothing but the task. */
  step: number;
  edit: ForkEdit;
  runId: string;
  /** Of the model. */
  parameters: Record<string, unknown>;
  /** Another model than the source's. */
  model?: string;
  /** Template of another prompt, and the digest of the agent that has it. */
  prompt?: string;
  agentDigest?: string;
  priceTable: string;
  assayVersion: string;
}

/** Makes the run and closes it: a resume goes on. Throws `instance-not-found` for a step that the attempt does not have, `config-invalid` for what cannot be forked or edited, `store-invalid`, `io`. */
export async function forkRun(options: ForkOptions): Promise<{ dir: string }> {
  const events = await keptEvents(options);
  const prompt = options.prompt ?? (await promptOf(options.source));
  const run = await createDerivedRun(options.runsDir, forkedManifest(options), prompt);
  try {
    for (const event of events) await run.append(event);
  } finally {
    await run.close();
  }
  return { dir: run.dir };
}

function forkedManifest({ source, ref, step, prompt, agentDigest, ...fields }: ForkOptions): RunManifest {
  const { runId } = source.manifest;
  const manifest = derivedManifest(source, { ...fields, instanceIds: new Set([ref.instanceId]), attempts: 1 });
  if (manifest.dataset.instances.length === 0) throw missing(`run ${runId} has no instance ${ref.instanceId}`);
  return {
    ...manifest,
    agent: {
      ...manifest.agent,
      ...(agentDigest === undefined ? {} : { digest: agentDigest }),
      ...(prompt === undefined ? {} : { promptFile: PROMPT_FILE }),
    },
    fork: { runId, attempt: ref.attempt, step },
  };
}

/** The conversation up to the step, as the log of the new attempt. */
async function keptEvents({ source, ref, step, edit, prompt, model }: ForkOptions): Promise<RunEvent[]> {
  const kept: RunEvent[] = [];
  const replied = new Set<number>();
  for await (const event of fileRunStore(dirname(source.dir)).events(source.manifest.runId, ref)) {
    if (event.type === 'attempt-import')
      throw unforkable('another tool made the attempt: its steps cannot be run again here');
    if (!isKept(event, step, replied)) continue;
    if (event.type === 'reply-end') replied.add(event.step);
    if (event.type === 'prompt-start' && prompt !== undefined) continue;
    kept.push({ ...forked(event, model), instanceId: ref.instanceId, attempt: 1 } as RunEvent);
  }
  const absent = Array.from({ length: step }, (_, at) => at + 1).filter((at) => !replied.has(at));
  if (absent.length > 0)
    throw missing(`attempt ${ref.attempt} of ${ref.instanceId} has no step ${replied.has(step) ? absent[0] : step}`);
  return edited(kept, step, edit);
}

/** Of a step that stands in the log twice, the first reply and the results that the model saw. */
function isKept(event: RunEvent, step: number, replied: ReadonlySet<number>): boolean {
  switch (event.type) {
    case 'prompt-start':
      return true;
    case 'reply-end':
      return event.step <= step && !replied.has(event.step);
    case 'tool-end':
      return event.step <= step && event.repeated === undefined;
    case 'step-end':
    case 'intervention':
    case 'message-add':
      return event.step <= step;
    default:
      return false;
  }
}

/** Replies were paid for by the run they come from. What only the model that wrote it understands does not go to another one. */
function forked(event: RunEvent, model: string | undefined): RunEvent {
  if (event.type === 'prompt-start' && model !== undefined) {
    // Another model may have other tools.
    const { fixed: _, ...portable } = event;
    return portable;
  }
  if (event.type === 'step-end') return { ...event, ...(event.valueCost === undefined ? {} : { valueCost: NO_COST }) };
  if (event.type !== 'reply-end') return event;
  const { message } = event.reply;
  const portable = message.content
    .filter((part) => part.type !== 'reasoning')
    .map((part) => (part.type === 'tool-call' ? { ...part, providerData: undefined } : part));
  const content = model === undefined ? message.content : portable;
  return {
    ...event,
    reply: { ...event.reply, message: { ...message, content }, cost: NO_COST, source: 'replay' } satisfies ModelReply,
  };
}

const NO_COST = { kind: 'measured' as const, usd: 0 };

function edited(events: RunEvent[], step: number, edit: ForkEdit): RunEvent[] {
  const { observed, said, input } = edit;
  if (observed === undefined && said === undefined && input === undefined) return events;
  if (step === 0) throw unforkable('there is no step whose messages could be edited');
  const anew = said !== undefined || input !== undefined;
  if (anew && observed !== undefined) throw unforkable('results of a call that is run anew cannot be edited');
  if (anew) {
    const before = events.filter((event) => !('step' in event && event.step === step && event.type !== 'reply-end'));
    return before.map((event) => (event.type === 'reply-end' && event.step === step ? withReply(event, edit) : event));
  }
  const last = events.findLastIndex((event) => event.type === 'tool-end' && event.step === step);
  if (last < 0) throw unforkable(`step ${step} has no result that could be edited`);
  return events.map((event, at) => (at === last ? withObservation(event, observed ?? '') : event));
}

type ReplyEvent = Extract<RunEvent, { type: 'reply-end' }>;

function withReply(event: ReplyEvent, { said, input }: ForkEdit): ReplyEvent {
  const { content } = event.reply.message;
  const text =
    said === undefined ? content.filter((part) => part.type === 'text') : [{ type: 'text' as const, text: said }];
  const reasoning = content.filter((part) => part.type === 'reasoning');
  const calls = content.filter((part) => part.type === 'tool-call');
  const [first, ...others] = calls;
  if (input !== undefined && first === undefined)
    throw unforkable(`step ${event.step} has no call whose input could be edited`);
  const changed = first === undefined || input === undefined ? calls : [{ ...first, input }, ...others];
  const message = { ...event.reply.message, content: [...reasoning, ...text, ...changed] };
  return { ...event, reply: { ...event.reply, message } };
}

function withObservation(event: RunEvent, text: string): RunEvent {
  if (event.type !== 'tool-end') return event;
  const { cutBytes: _, ...rest } = event;
  const images = event.result.content.filter((part) => part.type === 'image');
  return { ...rest, result: { ...event.result, content: [{ type: 'text', text }, ...images] } };
}

function missing(message: string): AssayError {
  return new AssayError('instance-not-found', message, { class: 'input', retryable: false });
}

function unforkable(why: string): AssayError {
  return new AssayError('config-invalid', `The fork cannot be made: ${why}.`, { class: 'input', retryable: false });
}
