/**
 * Recorded conversations. A cassette is JSON lines, one call each: the digest of the canonical request, a short form of it for error messages, and the reply. Equal requests are
 * answered in the order in which they were recorded.
 */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { digestOf } from '../base/digest.ts';
import { AssayError, type Model, type ModelReply, type ModelRequest, modelReplySchema } from '../contracts/index.ts';

const lineSchema = z.object({
  format: z.literal(1),
  model: z.string(),
  request: z.string(),
  messages: z.array(z.string()),
  reply: modelReplySchema,
});
type Line = z.infer<typeof lineSchema>;

/** Wraps a model so that each reply is also appended to the cassette. */
export function recordingModel(inner: Model, path: string): Model {
  let queue: Promise<void> = mkdir(dirname(path), { recursive: true }).then(() => {});
  return {
    id: inner.id,
    contextTokens: inner.contextTokens,
    async close() {
      await queue;
      await inner.close();
    },
    async complete(request, call) {
      const reply = await inner.complete(request, call);
      const line: Line = {
        format: 1,
        model: inner.id,
        request: digestOf(request),
        messages: messageDigests(request),
        reply,
      };
      // One whole line per write: a killed process leaves at most one torn line at the end, which reading passes over.
      queue = queue.then(() => appendFile(path, `${JSON.stringify(line)}\n`));
      await queue;
      return reply;
    },
  };
}

/** A model that answers from a cassette and nothing else. Throws `file-not-found`, `config-invalid`; `replay-miss` for a request that is not there. */
export async function openReplayModel(path: string): Promise<Model> {
  const lines = await readCassette(path);
  const byRequest = new Map<string, Line[]>();
  for (const line of lines) byRequest.set(line.request, [...(byRequest.get(line.request) ?? []), line]);
  const served = new Map<string, number>();
  return {
    id: `replay:${path}`,
    contextTokens: null,
    async close() {},
    async complete(request): Promise<ModelReply> {
      const digest = digestOf(request);
      const known = byRequest.get(digest);
      if (known === undefined) throw miss(path, request, lines);
      const turn = served.get(digest) ?? 0;
      served.set(digest, turn + 1);
      const line = known[Math.min(turn, known.length - 1)];
      if (line === undefined) throw miss(path, request, lines);
      return { ...line.reply, source: 'replay' };
    },
  };
}

async function readCassette(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AssayError('file-not-found', `the cassette ${path} cannot be read`, {
      class: 'input',
      retryable: false,
      cause,
      hint: 'Record one with `assay run --record FILE`.',
    });
  });
  const rows = text.split('\n');
  return rows.flatMap((row, index) => {
    if (row.trim() === '') return [];
    const parsed = lineSchema.safeParse(parseJson(row));
    if (parsed.success) return [parsed.data];
    if (index === rows.length - 1) return []; // torn: the recording process was killed
    throw new AssayError('config-invalid', `${path}:${index + 1} is not a line of a cassette`, {
      class: 'input',
      retryable: false,
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const messageDigests = (request: ModelRequest) => request.messages.map((message) => digestOf(message).slice(7, 23));

/** Names the first message that differs from the recorded conversation that is nearest. */
function miss(path: string, request: ModelRequest, lines: readonly Line[]): AssayError {
  const digests = messageDigests(request);
  const common = (line: Line) => digests.findIndex((digest, index) => line.messages[index] !== digest);
  const depth = Math.max(0, ...lines.map((line) => (common(line) < 0 ? digests.length : common(line))));
  const where =
    depth >= digests.length
      ? 'all messages are known, but tools, system prompt or parameters differ'
      : `message ${depth + 1} of ${digests.length} is in no recording: ${JSON.stringify(request.messages[depth]).slice(0, 300)}`;
  return new AssayError('replay-miss', `${path} holds no reply to this request: ${where}`, {
    class: 'model',
    retryable: false,
    hint: 'Something before this call differs from the recorded run; record it again.',
  });
}
