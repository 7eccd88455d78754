/** Takes WebSockets to what they are for, by their path: who asks, what is refused, what is noted. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type AuditLog, NOBODY } from '../audit-log.ts';
import type { ServerMetrics } from '../metrics.ts';
import { clientAddress } from './client-address.ts';
import { type HttpProblem, refuse, toProblem } from './http-problem.ts';
import { demandOneHost } from './one-host.ts';
import { pathMatcher } from './route.ts';

/** The side of the client, from its handshake on. */
export interface ClientSide {
  request: IncomingMessage;
  socket: Duplex;
  /** What the client has sent after its request so far. */
  bytes: Buffer;
  /** Its handshake is answered already, without extensions. */
  isAccepted: boolean;
}

export interface WebsocketCall {
  client: ClientSide;
  /** The parts of the path in braces, decoded. */
  params: Readonly<Record<string, string>>;
  /** Who it was let in for, for the audit log. */
  note(who: string): void;
}

export interface WebsocketRoute {
  path: string;
  /** From the handshake to the end of the connection. Throws what refuses the handshake; of a client that is accepted, it first tells why. */
  serve(call: WebsocketCall): Promise<void>;
}

export interface WebsocketDoorParts {
  routes: readonly WebsocketRoute[];
  metrics: ServerMetrics;
  audit: AuditLog;
  /** Told what went wrong inside the server. */
  onError(error: unknown): void;
}

/** Both sides send signs of life far more often. */
const SILENCE_MS = 600_000;
const UNKNOWN_PATH = 'unknown';

export class WebsocketDoor {
  private readonly parts: WebsocketDoorParts;
  private readonly routes: readonly { route: WebsocketRoute; match: ReturnType<typeof pathMatcher> }[];
  private readonly open = new Set<Duplex>();

  constructor(parts: WebsocketDoorParts) {
    this.parts = parts;
    this.routes = parts.routes.map((route) => ({ route, match: pathMatcher(route.path) }));
  }

  /** From the handshake to the end of the connection. Never rejects. */
  async serve(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const started = performance.now();
    const client: ClientSide = { request, socket, bytes: head, isAccepted: false };
    this.open.add(socket);
    socket.on('error', () => {}).once('close', () => this.open.delete(socket));
    (socket as Socket).setTimeout(SILENCE_MS, () => socket.destroy());
    const noted = { who: NOBODY, status: 101, pattern: UNKNOWN_PATH };
    const note = (who: string) => {
      noted.who = who;
    };
    try {
      const { route, params } = this.find(request);
      noted.pattern = route.path;
      await route.serve({ client, params, note });
    } catch (thrown) {
      const problem = toProblem(thrown);
      noted.status = problem.status;
      if (problem.status === 500) this.parts.onError(thrown);
      if (!client.isAccepted) refuseHandshake(socket, problem);
    }
    this.parts.metrics.request('WEBSOCKET', noted.pattern, noted.status, (performance.now() - started) / 1000);
    const entry = { method: 'WEBSOCKET', path: pathOf(request), ...noted, from: clientAddress(request) };
    await this.parts.audit.write(entry).catch(this.parts.onError);
  }

  /** Cuts all connections. */
  close(): void {
    for (const socket of this.open) socket.destroy();
  }

  private find(request: IncomingMessage) {
    if (request.headers.origin !== undefined) throw refuse(403, 'requests of web pages are not answered');
    demandOneHost(request);
    const path = pathOf(request);
    const isUpgrade = request.headers.upgrade?.toLowerCase() === 'websocket';
    for (const { route, match } of isUpgrade ? this.routes : []) {
      const params = match(path);
      if (params !== null) return { route, params };
    }
    throw refuse(404, 'there is no such connection here');
  }
}

function refuseHandshake(socket: Duplex, { status, failure, retryAfterSeconds }: HttpProblem): void {
  const body = JSON.stringify({ error: failure });
  const lines = [
    `HTTP/1.1 ${status} Refused`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    ...(retryAfterSeconds === undefined ? [] : [`retry-after: ${retryAfterSeconds}`]),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?')[0] ?? '';
}
