/** A model provider of our own on loopback: speaks four real wire formats, misbehaves on demand, and counts what it was asked. */
import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeReply } from './fake-reply.ts';
import { formatOf, streamError, streamEvents } from './wire-formats.ts';

export type Behaviour =
  /** `delayMs` before the first event, `gapMs` before each further one. */
  | ({ kind: 'reply'; delayMs?: number; gapMs?: number } & FakeReply)
  | { kind: 'status'; status: number; body?: unknown; headers?: Record<string, string>; delayMs?: number }
  /** Sends the first part of a reply, then breaks the connection. */
  | ({ kind: 'cut' } & FakeReply)
  /** Sends the first part of a reply and ends cleanly in the middle of it; `events`: how many are sent, half of them when not given. */
  | ({ kind: 'half'; events?: number } & FakeReply)
  /** Sends the first part of a reply, then nothing more. */
  | ({ kind: 'stall' } & FakeReply)
  /** Sends the first part of a reply, then an error event in the provider's form, such as `overloaded_error`. */
  | ({ kind: 'stream-error'; error: string; message?: string } & FakeReply)
  | { kind: 'garbage' }
  /** Headers, then nothing. */
  | { kind: 'silence' }
  /** Takes the request and says nothing at all. */
  | { kind: 'deaf' }
  /** Breaks the connection without a word. */
  | { kind: 'hang-up' };

export interface SeenRequest {
  path: string;
  /** SHA-256 of the body: equal digests are the same question. */
  digest: string;
  body: Record<string, unknown>;
  headers: Record<string, string | string[] | undefined>;
  /** Set when a whole 2xx reply went out: it would have been paid for. */
  paid: boolean;
}

export interface FakeModelServer {
  /** Base URL with `/v1`, as provider packages want it. */
  url: string;
  seen: SeenRequest[];
  /** Digests that came more than once, with how often. */
  askedTwice(): Map<string, number>;
  close(): Promise<void>;
}

/** Decides what the server does; asked once per request. */
export type Behave = (request: SeenRequest, index: number) => Behaviour | Promise<Behaviour>;

/** Starts it on 127.0.0.1, on a free port when none is given. `onAnswered` is called when a request has been dealt with. */
export async function startFakeModelServer(
  behave: Behave,
  options: { port?: number; onAnswered?: (request: SeenRequest) => void } = {},
): Promise<FakeModelServer> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const entry: SeenRequest = {
      path: request.url ?? '',
      digest: createHash('sha256').update(bytes).digest('hex'),
      body: JSON.parse(bytes.toString() || '{}') as Record<string, unknown>,
      headers: request.headers,
      paid: false,
    };
    seen.push(entry);
    await answer(response, entry, await behave(entry, seen.length - 1));
    options.onAnswered?.(entry);
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    seen,
    askedTwice() {
      const counts = new Map<string, number>();
      for (const { digest } of seen) counts.set(digest, (counts.get(digest) ?? 0) + 1);
      return new Map([...counts].filter(([, count]) => count > 1));
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function answer(response: ServerResponse, entry: SeenRequest, behaviour: Behaviour): Promise<void> {
  if (behaviour.kind === 'deaf') return;
  if (behaviour.kind === 'hang-up') {
    response.destroy();
    return;
  }
  if (behaviour.kind === 'status') {
    if (behaviour.delayMs !== undefined) await sleep(behaviour.delayMs);
    response.writeHead(behaviour.status, { 'content-type': 'application/json', ...behaviour.headers });
    const body = { type: 'error', error: { type: 'api_error', message: `status ${behaviour.status}` } };
    response.end(JSON.stringify(behaviour.body ?? body));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  if (behaviour.kind === 'silence') return;
  if (behaviour.kind === 'garbage') {
    response.end('data: {"type": "message_start", "mess\n\ndata: not json at all\n\n');
    return;
  }
  const format = formatOf(entry.path) ?? 'anthropic';
  const events = streamEvents(format, behaviour, String(entry.body.model ?? 'fake'));
  if (behaviour.kind === 'reply') {
    if (behaviour.delayMs !== undefined) await sleep(behaviour.delayMs);
    for (const [index, event] of events.entries()) {
      if (index > 0 && behaviour.gapMs !== undefined) await sleep(behaviour.gapMs);
      response.write(event);
    }
    entry.paid = true;
    response.end();
    return;
  }
  const part = behaviour.kind === 'half' ? behaviour.events : undefined;
  for (const event of events.slice(0, part ?? Math.floor(events.length / 2))) response.write(event);
  if (behaviour.kind === 'cut') {
    await sleep(20);
    response.destroy();
  } else if (behaviour.kind === 'stream-error') {
    response.end(streamError(format, behaviour.error, behaviour.message ?? behaviour.error));
  } else if (behaviour.kind === 'half') {
    response.end();
  }
}
