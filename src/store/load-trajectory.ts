/** A stored attempt as critics see it: the conversation and the patch, no verdict. */
import {
  type AttemptRecord,
  type ModelMessage,
  type RunEvent,
  type RunStore,
  type Trajectory,
  userMessageSchema,
} from '../contracts/index.ts';

/**
 * Reads the attempt's own log and its patch. Each step stands once, with the results that the model saw, also when a resume ran its calls again. Throws what the store throws.
 */
export async function loadTrajectory(store: RunStore, runId: string, record: AttemptRecord): Promise<Trajectory> {
  const { instanceId, attempt, repo, outcome, totals, patchDigest } = record;
  const ref = { instanceId, attempt };
  const events: RunEvent[] = [];
  for await (const event of store.events(runId, ref)) events.push(event);
  const patch = patchDigest === null ? null : await store.readArtifact(runId, ref, 'patch.diff');
  return { runId, instanceId, attempt, repo, ...conversationOf(events), patch: patch ?? '', outcome, totals };
}

function conversationOf(events: readonly RunEvent[]): Pick<Trajectory, 'system' | 'messages'> {
  let system = '';
  const opening: ModelMessage[] = [];
  const steps = new Map<number, ModelMessage[]>();
  for (const event of events) {
    if (event.type === 'prompt-start') {
      system = event.system;
      const first = userMessageSchema.safeParse(event.firstMessage);
      if (first.success) opening.splice(0, opening.length, first.data);
    } else if (event.type === 'reply-end' && !steps.has(event.step)) steps.set(event.step, [event.reply.message]);
    else if (event.type === 'tool-end' && event.repeated === undefined) {
      const step = steps.get(event.step);
      const last = step?.at(-1);
      if (last?.role === 'tool') last.results.push(event.result);
      else step?.push({ role: 'tool', results: [event.result] });
    }
  }
  const inOrder = [...steps].sort(([a], [b]) => a - b).flatMap(([, messages]) => messages);
  return { system, messages: [...opening, ...inOrder] };
}
