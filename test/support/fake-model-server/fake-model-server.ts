/** A model provider of our own on loopback: speaks three real wire formats, misbehaves on demand, and counts what it was asked. */
import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FakeReply, formatOf, streamEvents } from './wire-formats.ts';

export type Behaviour =
  | ({ kind: 'reply'; delayMs?: number } & FakeReply)
  | { kind: 'status'; status: number; body?: unknown; headers?: Record<string, string> }
  /** Sends the first part of a reply, then breaks the connection. */
  | ({ kind: 'cut' } & FakeReply)
  /** Sends the first part of a reply and ends cleanly in the middle of it. */
  | ({ kind: 'half' } & FakeReply)
  | { kind: 'garbage' }
  | { kind: 'silence' };

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
  url: string;
  seen: SeenRequest[];
  close(): Promise<void>;
}

/** Starts it on a free port of 127.0.0.1. `behave` is asked once per request. */
export async function startFakeModelServer(
  behave: (request: SeenRequest, index: number) => Behaviour | Promise<Behaviour>,
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
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function answer(response: ServerResponse, entry: SeenRequest, behaviour: Behaviour): Promise<void> {
  if (behaviour.kind === 'status') {
    response.writeHead(behaviour.status, { 'content-type': 'application/json', ...behaviour.headers });
    response.end(
      JSON.stringify(
        behaviour.body ?? { type: 'error', error: { type: 'api_error', message: `status ${behaviour.status}` } },
      ),
    );
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
  if (behaviour.kind === 'reply' && behaviour.delayMs !== undefined) await sleep(behaviour.delayMs);
  const last = behaviour.kind === 'reply' ? events.length : Math.floor(events.length / 2);
  for (const event of events.slice(0, last)) response.write(event);
  if (behaviour.kind === 'cut') {
    await sleep(20);
    response.destroy();
    return;
  }
  entry.paid = behaviour.kind === 'reply';
  response.end();
}
