/**
 * Recorded conversations. A cassette is JSON lines, one call each: the digest of the canonical request, a short form of it for error messages, the call it belonged to, and the reply.
 *
 * A request is answered by its digest. Where several replies were recorded for equal requests (several attempts on one instance begin alike), the one of the same instance, attempt and
 * step goes first, so that parallel replays are the same every time; other callers get them in the order in which they were recorded.
 */

import { digestOf } from '../base/digest.ts';
import { AssayError, type Model, type ModelReply, type ModelRequest } from '../contracts/index.ts';
import { appendLines, type CassetteLine, readCassettes } from './cassette-file.ts';
import { wrapModel } from './wrap-model.ts';

/** Wraps a model so that each reply is also appended to the cassette, before the caller has it. Throws what the model throws, and `io` or `disk-full` when it cannot be written. */
export function recordingModel(inner: Model, path: string): Model {
  const file = appendLines(path);
  return wrapModel(inner, {
    async close() {
      await file.flushed();
      await inner.close();
    },
    async complete(request, call) {
      const line = {
        format: 1 as const,
        model: inner.standsFor ?? inner.id,
        contextTokens: inner.contextTokens,
        call: withoutRun(call.callKey),
        ...describeRequest(request), // before the call: the caller may go on writing to its conversation
      };
      const reply = await inner.complete(request, call);
      await file.append({ ...line, reply });
      return reply;
    },
  });
}

/** A model that answers from a cassette, or from all `.jsonl` files of a folder, and from nothing else. Throws `file-not-found`, `config-invalid`; `replay-miss` for a request that is not there. */
export async function openReplayModel(path: string): Promise<Model> {
  const lines = await readCassettes(path);
  const byRequest = group(lines);
  const served = new Map<string, number>();
  const first = lines[0];
  return {
    id: `replay:${path}`,
    standsFor: first?.model,
    contextTokens: first?.contextTokens ?? null,
    async close() {},
    async complete(request, call): Promise<ModelReply> {
      if (call.signal.aborted)
        throw new AssayError('cancelled', 'the call was cancelled', { class: 'cancelled', retryable: true });
      const digest = digestOf(request);
      const known = byRequest.get(digest) ?? [];
      const own = known.find((line) => line.call === withoutRun(call.callKey));
      const turn = served.get(digest) ?? 0;
      const line = own ?? known[Math.min(turn, known.length - 1)];
      if (line === undefined) throw miss(path, request, lines);
      if (own === undefined) served.set(digest, turn + 1);
      return { ...structuredClone(line.reply), source: 'replay' };
    },
  };
}

function group(lines: readonly CassetteLine[]): Map<string, CassetteLine[]> {
  const groups = new Map<string, CassetteLine[]>();
  for (const line of lines) groups.set(line.request, [...(groups.get(line.request) ?? []), line]);
  return groups;
}

/** `<instance>/<attempt>/<step>` of a call key: a replay is another run. */
const withoutRun = (callKey: string) => callKey.split('/').slice(-3).join('/');

const short = (value: unknown) => digestOf(value).slice('sha256:'.length, 'sha256:'.length + 16);

function describeRequest(request: ModelRequest): Pick<CassetteLine, 'request' | 'messages' | 'rest'> {
  const { messages, system, tools, ...parameters } = request;
  return {
    request: digestOf(request),
    messages: messages.map(short),
    rest: { system: short(system), tools: short(tools), parameters: short(parameters) },
  };
}

/** Says what differs from the recorded request that is nearest: the one with most messages in common from the start on. */
function miss(path: string, request: ModelRequest, lines: readonly CassetteLine[]): AssayError {
  const asked = describeRequest(request);
  let nearest: CassetteLine | undefined;
  let depth = -1;
  for (const line of lines) {
    const differs = asked.messages.findIndex((digest, index) => line.messages[index] !== digest);
    const common = differs < 0 ? asked.messages.length : differs;
    const better = common > depth || (common === depth && line.messages.length === asked.messages.length);
    if (better) [nearest, depth] = [line, common];
  }
  return new AssayError(
    'replay-miss',
    `${path} holds no reply to this request: ${difference(request, asked, nearest, depth)}`,
    {
      class: 'model',
      retryable: false,
      hint: 'Something before this call differs from the recorded run; record it again.',
      details: { request: asked.request, nearest: nearest?.call ?? null },
    },
  );
}

function difference(
  request: ModelRequest,
  asked: Pick<CassetteLine, 'messages' | 'rest'>,
  nearest: CassetteLine | undefined,
  depth: number,
): string {
  if (nearest === undefined) return 'nothing was recorded';
  const like = nearest.call === undefined ? 'the nearest recorded call' : `the nearest recorded call, ${nearest.call},`;
  const rest = nearest.rest;
  const parts =
    rest === undefined
      ? []
      : (['system', 'tools', 'parameters'] as const).filter((part) => rest[part] !== asked.rest?.[part]);
  if (parts.length > 0)
    return `${like} has other ${parts.map((part) => (part === 'system' ? 'system prompt' : part)).join(' and ')}`;
  if (depth < asked.messages.length) {
    const message = JSON.stringify(request.messages[depth]).slice(0, 300);
    return `${like} differs from message ${depth + 1} of ${asked.messages.length} on, which is ${message}`;
  }
  return `${like} goes on after these ${depth} messages`;
}
