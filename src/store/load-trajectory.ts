/** A stored attempt as critics see it: the conversation and the patch, no verdict. */
import {
  type AttemptRecord,
  type ModelMessage,
  type RunEvent,
  type RunRecord,
  type Trajectory,
  userMessageSchema,
} from '../contracts/index.ts';
import { BlobStore } from './blob-store.ts';
import { readArtifact } from './read-artifact.ts';
import { readEvents } from './read-events.ts';
import { runPaths } from './run-folder.ts';

/**
 * Reads the attempt's own log and its patch. Each step stands once, with the results that the model saw, also when a resume ran its calls again. Throws `store-invalid`, `io`.
 */
export async function loadTrajectory(run: StoredRun, record: AttemptRecord): Promise<Trajectory> {
  return (await loadTrajectoryWithOrigin(run, record)).trajectory;
}

type StoredRun = Pick<RunRecord, 'dir' | 'manifest'>;

/** What is known of an attempt beyond its trajectory when another tool made it. */
export interface TrajectoryOrigin {
  /** False when the source kept no patch: then an empty one means nothing. */
  patchKnown: boolean;
  /** How the trajectory tells what the hidden tests said; such an attempt is no use for training or measuring critics. */
  leak?: string;
}

/** Like `loadTrajectory`, with where the attempt came from. */
export async function loadTrajectoryWithOrigin(
  run: StoredRun,
  record: AttemptRecord,
): Promise<{ trajectory: Trajectory; origin: TrajectoryOrigin }> {
  const { instanceId, attempt, repo, outcome, totals } = record;
  const { runId } = run.manifest;
  const paths = runPaths(run.dir);
  const events: RunEvent[] = [];
  let origin: TrajectoryOrigin = { patchKnown: true };
  for await (const event of readEvents(paths.attemptEvents(record), new BlobStore(paths.blobs))) {
    if (event.type !== 'attempt-import') events.push(event);
    else origin = { patchKnown: event.patchKnown, ...(event.leak === undefined ? {} : { leak: event.leak }) };
  }
  const patch = (await loadPatch(run, record)) ?? '';
  const conversation = conversationOf(events);
  return { trajectory: { runId, instanceId, attempt, repo, ...conversation, patch, outcome, totals }, origin };
}

/** What the attempt came to, `''` for no change; null when it came to nothing that could be taken. Throws `io`. */
export async function loadPatch(run: Pick<RunRecord, 'dir'>, record: AttemptRecord): Promise<string | null> {
  if (record.patchDigest === null) return null;
  return await readArtifact(runPaths(run.dir).attempt(record), 'patch.diff');
}

function conversationOf(events: readonly RunEvent[]): Pick<Trajectory, 'system' | 'messages'> {
  let system = '';
  const opening: ModelMessage[] = [];
  const steps = new Map<number, ModelMessage[]>();
  const met = new Set<number>();
  for (const event of events) {
    if (event.type === 'prompt-start') {
      system = event.system;
      const first = userMessageSchema.safeParse(event.firstMessage);
      if (first.success) opening.splice(0, opening.length, first.data);
    } else if (event.type === 'message-add') (steps.get(event.step) ?? opening).push(event.message);
    else if (event.type === 'reply-end' && !steps.has(event.step)) steps.set(event.step, [event.reply.message]);
    else if (event.type === 'tool-end' && event.repeated === undefined) {
      const step = steps.get(event.step);
      const last = step?.at(-1);
      if (last?.role === 'tool') last.results.push(event.result);
      else step?.push({ role: 'tool', results: [event.result] });
    } else if (event.type === 'intervention' && !met.has(event.step)) {
      met.add(event.step);
      if (event.kind === 'rollback') for (const step of [...steps.keys()]) if (step > event.toStep) steps.delete(step);
      const told: ModelMessage = { role: 'user', content: [{ type: 'text', text: event.hint }] };
      const last = steps.get(event.toStep);
      if (last === undefined) opening.push(told);
      else last.push(told);
    }
  }
  const inOrder = [...steps].sort(([a], [b]) => a - b).flatMap(([, messages]) => messages);
  return { system, messages: [...opening, ...inOrder] };
}
