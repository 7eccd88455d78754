/** Takes the WebSockets of OpenHands clients to the servers inside their runtimes. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SESSION_KEY_HEADER } from '../../sandbox/remote/api.ts';
import { type AuditLog, NOBODY } from '../audit-log.ts';
import type { SandboxRegistry } from '../control/sandbox-registry.ts';
import { clientAddress } from '../http/client-address.ts';
import { busy, type HttpProblem, refuse, toProblem } from '../http/http-problem.ts';
import { demandOneHost } from '../http/one-host.ts';
import { pathMatcher } from '../http/route.ts';
import { unauthorized } from '../keys/authenticator.ts';
import type { ServerMetrics } from '../metrics.ts';
import { acceptWebsocket, closeWebsocket, readFirstMessage } from './first-message.ts';
import { INNER_PORT, RUNTIME_PATH } from './inner-connection.ts';
import { type ClientSide, passUpgrade } from './pass-upgrade.ts';

export interface WebsocketDoorParts {
  registry: SandboxRegistry;
  metrics: ServerMetrics;
  audit: AuditLog;
  /** Told what went wrong inside the server. */
  onError(error: unknown): void;
}

/** Connections that have not said their key yet. */
const MAX_NAMELESS = 256;
const RETRY_SECONDS = 5;
/** Both sides send signs of life far more often. */
const SILENCE_MS = 600_000;
/** The codes that OpenHands' own server and its clients use: 4001 is not tried again. */
const WRONG_KEY = 4001;
const NOTHING_INSIDE = 1014;
const runtimeParameters = pathMatcher(RUNTIME_PATH);

export class WebsocketDoor {
  private readonly parts: WebsocketDoorParts;
  private readonly open = new Set<Duplex>();
  private nameless = 0;

  constructor(parts: WebsocketDoorParts) {
    this.parts = parts;
  }

  /** From the handshake to the end of the connection. Never rejects. */
  async serve(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const started = performance.now();
    const client: ClientSide = { request, socket, bytes: head, isAccepted: false };
    this.open.add(socket);
    socket.on('error', () => {}).once('close', () => this.open.delete(socket));
    (socket as Socket).setTimeout(SILENCE_MS, () => socket.destroy());
    const noted = { who: NOBODY, status: 101 };
    try {
      await this.pass(client, noted);
    } catch (thrown) {
      const problem = toProblem(thrown);
      noted.status = problem.status;
      if (problem.status === 500) this.parts.onError(thrown);
      tell(client, problem);
    }
    this.parts.metrics.request('WEBSOCKET', RUNTIME_PATH, noted.status, (performance.now() - started) / 1000);
    const path = pathOf(request);
    const entry = { method: 'WEBSOCKET', pattern: RUNTIME_PATH, path, ...noted, from: clientAddress(request) };
    await this.parts.audit.write(entry).catch(this.parts.onError);
  }

  /** Cuts all connections. */
  close(): void {
    for (const socket of this.open) socket.destroy();
  }

  private async pass(client: ClientSide, noted: { who: string }): Promise<void> {
    const { request } = client;
    if (request.headers.origin !== undefined) throw refuse(403, 'requests of web pages are not answered');
    demandOneHost(request);
    const params = runtimeParameters(pathOf(request));
    if (params === null || request.headers.upgrade?.toLowerCase() !== 'websocket')
      throw refuse(404, 'there is no such connection here');
    const { id = '', rest = '' } = params;
    const hosted = this.parts.registry.findBySessionKey(id, keyOf(request) ?? (await this.keyInMessage(client)));
    if (hosted === undefined) throw unauthorized("the sandbox's session key is needed");
    noted.who = `sandbox ${hosted.id}`;
    const query = request.url?.split('?')[1];
    const place = { port: INNER_PORT, path: `/${rest}${query === undefined ? '' : `?${query}`}` };
    await hosted.serve(() => hosted.connected(() => passUpgrade(hosted.sandbox, place, client), 'named'));
  }

  /** Of a client that names it in its first message. An empty key when it does not. */
  private async keyInMessage(client: ClientSide): Promise<string> {
    if (this.nameless >= MAX_NAMELESS) throw busy('too many connections have not said their key', RETRY_SECONDS, 503);
    this.nameless++;
    try {
      acceptWebsocket(client.request, client.socket);
      client.isAccepted = true;
      const { text, bytes } = await readFirstMessage(client.socket, client.bytes);
      client.bytes = bytes;
      return text === undefined ? '' : keyInText(text);
    } finally {
      this.nameless--;
    }
  }
}

function keyOf(request: IncomingMessage): string | undefined {
  const header = request.headers[SESSION_KEY_HEADER];
  if (typeof header === 'string') return header;
  return new URLSearchParams(request.url?.split('?')[1] ?? '').get('session_api_key') ?? undefined;
}

/** `{"type": "auth", "session_api_key": "..."}` */
function keyInText(text: string): string {
  try {
    const { type, session_api_key: key } = JSON.parse(text) as Record<string, unknown>;
    return type === 'auth' && typeof key === 'string' ? key : '';
  } catch {
    return '';
  }
}

function tell({ socket, isAccepted }: ClientSide, { status, failure, retryAfterSeconds }: HttpProblem): void {
  if (isAccepted) {
    closeWebsocket(socket, status === 401 ? WRONG_KEY : NOTHING_INSIDE, failure.message);
    return;
  }
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
