/**
 * A run that goes on from a step of an attempt of another run. It holds that attempt up to the step, with what was edited; whoever resumes it rebuilds the sandbox by running the
 * recorded commands again, as after a crash, and then the agent works on.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import {
  AssayError,
  type AttemptRef,
  type ForkEdit,
  type ModelReply,
  type RunEvent,
  type RunManifest,
  type RunRecord,
} from '../contracts/index.ts';
import { createRun, fileRunStore } from '../store/file-run-store.ts';

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

const PROMPT_FILE = 'prompt.md';

/** Makes the run and closes it: a resume goes on. Throws `instance-not-found` for a step that the attempt does not have, `config-invalid` for what cannot be forked or edited, `store-invalid`, `io`. */
export async function forkRun(options: ForkOptions): Promise<{ dir: string }> {
  const events = await keptEvents(options);
  const run = await createRun(options.runsDir, forkedManifest(options));
  try {
    const prompt = await promptOf(options);
    if (prompt !== undefined) await writeFileAtomic(join(run.dir, PROMPT_FILE), prompt);
    for (const event of events) await run.append(event);
  } finally {
    await run.close();
  }
  return { dir: run.dir };
}

function forkedManifest({ source, ref, step, runId, ...now }: ForkOptions): RunManifest {
  const { manifest } = source;
  const instance = manifest.dataset.instances.find((one) => one.instanceId === ref.instanceId);
  if (instance === undefined) throw missing(`run ${manifest.runId} has no instance ${ref.instanceId}`);
  return {
    ...manifest,
    runId,
    createdAt: new Date().toISOString(),
    assayVersion: now.assayVersion,
    dataset: { ...manifest.dataset, instances: [instance] },
    agent: {
      ...manifest.agent,
      ...(now.agentDigest === undefined ? {} : { digest: now.agentDigest }),
      ...(now.prompt === undefined ? {} : { promptFile: PROMPT_FILE }),
    },
    model: { id: now.model ?? manifest.model.id, parameters: now.parameters },
    attempts: 1,
    priceTable: now.priceTable,
    fork: { runId: manifest.runId, attempt: ref.attempt, step },
  };
}

async function promptOf({ source, prompt }: ForkOptions): Promise<string | undefined> {
  const { promptFile } = source.manifest.agent;
  if (prompt !== undefined || promptFile === undefined) return prompt;
  return await readFile(join(source.dir, promptFile), 'utf8');
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
  for (let at = 1; at <= step; at++)
    if (!replied.has(at)) throw missing(`attempt ${ref.attempt} of ${ref.instanceId} has no step ${at}`);
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
