/**
 * The few calls of the Docker Engine API that sandboxes need, over `node:http`. Podman answers the same calls. While the engine restarts (connection
 * refused, socket missing), calls wait for it.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { AssayError } from '../../contracts/index.ts';
import type { EngineEndpoint } from './engine-endpoint.ts';

export interface EngineCall {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** With the query, without a version. */
  path: string;
  /** JSON, or bytes. */
  body?: object | Buffer | Readable;
  headers?: Readonly<Record<string, string>>;
  /** Statuses that are an answer and no error, beyond 2xx. */
  accept?: readonly number[];
  /** Until the headers of the answer. Default one minute. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface EngineReply {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** What the engine said no to. */
export class EngineError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'EngineError';
    this.status = status;
  }
}

const RESTART_CODES = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE']);
const RESTART_PATIENCE_MS = 30_000;

export class EngineClient {
  readonly endpoint: EngineEndpoint;
  private readonly patienceMs: number;

  /** `patienceMs`: how long a call waits for an engine that does not answer the door. */
  constructor(endpoint: EngineEndpoint, patienceMs = RESTART_PATIENCE_MS) {
    this.endpoint = endpoint;
    this.patienceMs = patienceMs;
  }

  /** One call, its whole answer. Throws `EngineError`, or `sandbox-unavailable` when the engine cannot be reached. */
  async call(call: EngineCall): Promise<EngineReply> {
    const response = await this.open(call);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
  }

  /** One call whose answer is JSON; its shape is the caller's to check. */
  async json(call: EngineCall): Promise<unknown> {
    const { body } = await this.call(call);
    return body.length === 0 ? undefined : JSON.parse(body.toString());
  }

  /** One call, its answer as a stream. */
  async open(call: EngineCall): Promise<IncomingMessage> {
    const response = await this.patiently(call);
    if (response.kind !== 'response') throw new EngineError(101, `${call.path}: the engine switched protocols`);
    await this.demandSuccess(call, response.response);
    return response.response;
  }

  /** A call that turns its connection into a byte stream both ways. */
  async hijack(call: EngineCall): Promise<Duplex> {
    const headers = { ...call.headers, connection: 'Upgrade', upgrade: 'tcp' };
    const answer = await this.patiently({ ...call, headers });
    if (answer.kind === 'upgrade') {
      if (answer.head.length > 0) answer.socket.unshift(answer.head);
      return answer.socket;
    }
    await this.demandSuccess(call, answer.response);
    throw new EngineError(answer.response.statusCode ?? 0, `${call.path}: the engine did not give a stream`);
  }

  private async demandSuccess(call: EngineCall, response: IncomingMessage): Promise<void> {
    const status = response.statusCode ?? 0;
    if ((status >= 200 && status < 300) || call.accept?.includes(status)) return;
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    throw new EngineError(status, messageOf(Buffer.concat(chunks).toString()) || `${call.path}: HTTP ${status}`);
  }

  private async patiently(call: EngineCall): Promise<Answer> {
    const until = Date.now() + this.patienceMs;
    for (let waitMs = 50; ; waitMs = Math.min(2 * waitMs, 1000)) {
      try {
        return await this.send(call);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? '';
        if (call.signal?.aborted) throw error;
        // A call that was sent and cut off may have been done: only what is harmless to repeat is repeated then.
        const unsent = code === 'ECONNREFUSED' || code === 'ENOENT';
        const again = unsent || (RESTART_CODES.has(code) && (call.method === 'GET' || call.method === 'DELETE'));
        if (!again || Date.now() + waitMs > until) throw this.unreachable(error as Error);
        await sleep(waitMs, undefined, call.signal === undefined ? {} : { signal: call.signal });
      }
    }
  }

  private send(call: EngineCall): Promise<Answer> {
    const { body } = call;
    const bytes =
      body === undefined || isStream(body) || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string> = { host: 'engine', ...call.headers };
    if (bytes !== undefined && bytes === body) headers['content-type'] ??= 'application/x-tar';
    else if (bytes !== undefined) headers['content-type'] = 'application/json';
    if (Buffer.isBuffer(bytes)) headers['content-length'] = String(bytes.length);
    const options: RequestOptions = {
      ...this.endpoint.request,
      method: call.method,
      path: call.path,
      headers,
      agent: false,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    };
    return new Promise((resolve, reject) => {
      const request: ClientRequest =
        this.endpoint.tls === undefined ? httpRequest(options) : httpsRequest({ ...options, ...this.endpoint.tls });
      const timer = setTimeout(() => request.destroy(new Error('no answer in time')), call.timeoutMs ?? 60_000);
      request.on('response', (response) => {
        clearTimeout(timer);
        resolve({ kind: 'response', response });
      });
      request.on('upgrade', (_response, socket, head) => {
        clearTimeout(timer);
        resolve({ kind: 'upgrade', socket, head });
      });
      request.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      if (bytes !== undefined && isStream(bytes)) bytes.on('error', (error) => request.destroy(error)).pipe(request);
      else request.end(bytes);
    });
  }

  private unreachable(cause: Error): Error {
    if (cause.name === 'AbortError') return cause;
    const denied = (cause as NodeJS.ErrnoException).code === 'EACCES';
    return new AssayError(
      'sandbox-unavailable',
      `the container engine at ${this.endpoint.address} does not answer: ${cause.message}`,
      {
        class: 'infra',
        retryable: true,
        hint: denied
          ? 'Your user may not use its socket: `sudo usermod -aG docker $USER`, then log in again; or use rootless Podman.'
          : 'Start it (`sudo systemctl start docker`, `podman system service`), or set DOCKER_HOST.',
        cause,
      },
    );
  }
}

type Answer = { kind: 'response'; response: IncomingMessage } | { kind: 'upgrade'; socket: Duplex; head: Buffer };

function isStream(body: object | Buffer | Readable): body is Readable {
  return 'pipe' in body && typeof body.pipe === 'function';
}

/** The engine's error text: `{"message"}` (Docker) or `{"cause", "message"}` (Podman). */
function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
