/** One stored attempt as critics see it: the conversation and the patch, never a verdict. */
import type { AttemptRecord, ModelMessage, RunEvent, RunStore, Trajectory } from '../contracts/index.ts';
import { modelMessageSchema } from '../contracts/index.ts';

export interface StoredTrajectory {
  trajectory: Trajectory;
  /** Notes about the attempt, as its log has them. */
  notes: string[];
}

/** Reads the events of the attempt and its patch. Throws `run-not-found`, `store-invalid`, `io`. */
export async function readTrajectory(store: RunStore, runId: string, record: AttemptRecord): Promise<StoredTrajectory> {
  const { instanceId, attempt, repo, outcome, totals } = record;
  const ref = { instanceId, attempt };
  const conversation = new ConversationFold();
  for await (const event of store.events(runId, ref)) conversation.add(event);
  const patch = record.patchDigest === null ? null : await store.readArtifact(runId, ref, 'patch.diff');
  const { system, messages, notes } = conversation;
  return {
    trajectory: { runId, ...ref, repo, system, messages: messages(), patch: patch ?? '', outcome, totals },
    notes,
  };
}

/** The conversation in the order in which the model saw it; what a resumed attempt only ran again stands once. */
class ConversationFold {
  system = '';
  readonly notes: string[] = [];
  private readonly list: ModelMessage[] = [];
  private lastStep = 0;

  readonly messages = (): ModelMessage[] => this.list;

  add(event: RunEvent): void {
    switch (event.type) {
      case 'prompt-start': {
        if (this.list.length > 0) return;
        const first = modelMessageSchema.safeParse(event.firstMessage);
        this.system = event.system;
        if (first.success) this.list.push(first.data);
        return;
      }
      case 'reply-end':
        if (event.step <= this.lastStep) return;
        this.lastStep = event.step;
        this.list.push(event.reply.message);
        return;
      case 'message-add':
        this.list.push(event.message);
        return;
      case 'tool-end': {
        if (event.repeated !== undefined) return;
        const last = this.list.at(-1);
        if (last?.role === 'tool') last.results.push(event.result);
        else this.list.push({ role: 'tool', results: [event.result] });
        return;
      }
      case 'note':
        this.notes.push(event.message);
        return;
      default:
        return;
    }
  }
}
