/** What the model was asked in a step: built again from the log by the agent's own code, and held against the digest that was noted when it was sent. */
import { rebuildRequest } from '../agent/rebuild-request.ts';
import { digestOf } from '../base/digest.ts';
import { AssayError, type ModelRequest, type RunEvent, userMessageSchema } from '../contracts/index.ts';
import { BlobStore } from '../store/blob-store.ts';
import { AttemptFold } from '../store/fold-attempt.ts';
import { readEvents } from '../store/read-events.ts';
import { runPaths } from '../store/run-folder.ts';
import type { RequestDocument } from './documents.ts';
import type { FoundAttempt } from './run-cache.ts';
import { startBox } from './text-box.ts';

/** Characters of a request that are shown; the whole of it is a document of its own. */
const SHOWN_CHARACTERS = 200_000;
/** No model takes as much. Logs of many steps without a model may have it. */
const MAX_BYTES = 128 * 1024 * 1024;

type PromptEvent = Extract<RunEvent, { type: 'prompt-start' }>;

/** The start of the request of a step, as indented JSON. Throws like `stepRequest`. */
export async function requestDocument(found: FoundAttempt, step: number): Promise<RequestDocument> {
  const { request, exact, why } = await stepRequest(found, step);
  const text = JSON.stringify(request, null, 2);
  return {
    exact,
    why,
    messages: request.messages.length,
    request: startBox(text, SHOWN_CHARACTERS),
  };
}

interface StepRequest {
  request: ModelRequest;
  /** It is the one that was sent. */
  exact: boolean;
  why: string;
}

/** Throws `instance-not-found` for a step or a log that has no request, `store-invalid`, `io`. */
export async function stepRequest({ dir, record }: FoundAttempt, step: number): Promise<StepRequest> {
  const paths = runPaths(dir);
  const fold = new AttemptFold(record, record.repo);
  let opening: PromptEvent | undefined;
  let digest: string | undefined;
  let read = 0;
  for await (const event of readEvents(paths.attemptEvents(record), new BlobStore(paths.blobs))) {
    if (event.type === 'prompt-start') opening = event;
    if (event.type === 'step-start' && event.step === step) {
      digest = event.requestDigest;
      break;
    }
    read += sizeOf(event);
    if (read > MAX_BYTES) throw noRequest('there is more before it than any model takes');
    fold.add(event);
  }
  const first = userMessageSchema.safeParse(opening?.firstMessage).data;
  if (opening === undefined || first === undefined)
    throw noRequest('the log does not have what the attempt began with');
  const recorded = fold.history().recorded.filter((one) => one.step < step);
  if (recorded.length < step - 1) throw noRequest('the log does not have all steps before it');
  const request = rebuildRequest({ fixed: fixedOf(opening), first, recorded });
  return { request, ...judged(opening, digest, request) };
}

/** Without what was sent beside the messages where the log is older than that. */
function fixedOf({ system, fixed }: PromptEvent): Omit<ModelRequest, 'messages'> {
  return { system, ...fixed } as Omit<ModelRequest, 'messages'>;
}

function judged({ fixed }: PromptEvent, digest: string | undefined, request: ModelRequest) {
  if (digest === digestOf(request)) return { exact: true, why: 'it has the digest that was noted when it was sent' };
  if (digest === undefined) return { exact: false, why: 'no digest was noted when it was sent' };
  if (fixed === undefined) return { exact: false, why: 'tools and limits of the reply are not in the log' };
  return { exact: false, why: 'it has another digest than the one that was noted when it was sent' };
}

function sizeOf(event: RunEvent): number {
  if (event.type === 'reply-end') return JSON.stringify(event.reply.message).length;
  if (event.type !== 'tool-end') return 0;
  return event.result.content.reduce((sum, part) => sum + (part.type === 'text' ? part.text : part.data).length, 0);
}

function noRequest(why: string): AssayError {
  return new AssayError('instance-not-found', `The request of this step cannot be shown: ${why}.`, {
    class: 'input',
    retryable: false,
  });
}
