/**
 * Requests to `assay serve`. Every request may be sent again (ids make sure that it is carried out once), so cut connections, gateways without a server behind
 * them and servers that are busy are waited out here; what remains is an answer or a server that is lost.
 */
import { randomUUID } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';
import { isAboutCertificates } from '../is-about-certificates.ts';
import { API_KEY_HEADER, errorBodySchema, SIGNS_OF_LIFE } from './api.ts';

export interface ServerClientOptions {
  /** `http://127.0.0.1:8620`; a path before `/v1` is kept. */
  url: string;
  /** The account key. */
  apiKey: string;
  /** A server that cannot be reached for so long is lost. */
  lostAfterMs: number;
  /** So long a server may say that it is busy. */
  busyMs: number;
}

export interface ServerRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its query. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  json?: unknown;
  bytes?: Uint8Array;
  signal?: AbortSignal;
}

/** Refused by the server with this status. */
export interface Refusal {
  status: number;
  error: AssayError;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
/** Of a connection on which nothing comes: streams and requests that take long send a sign of life every ten seconds. */
const SILENCE_MS = 45_000;
/** A status that no server gives: to ask again does not help. */
const UNTRUSTED = -1;
const GATEWAY = new Set([502, 503, 504]);
const MAX_REPLY_BYTES = 64 * 1024 ** 2;

/** The status of an error that `ServerClient` threw; undefined when the server gave none. */
export function statusOf(error: unknown): number | undefined {
  const status = error instanceof AssayError ? error.details?.status : undefined;
  return typeof status === 'number' ? status : undefined;
}

export class ServerClient {
  private readonly options: ServerClientOptions;
  private readonly base: URL;
  private readonly transport: typeof http | typeof https;
  /** Of the server, as requests take it. */
  private readonly place: { protocol: string; hostname: string; port: string };
  private readonly prefix: string;
  private readonly agent: http.Agent | https.Agent;
  private closed = false;

  constructor(options: ServerClientOptions) {
    this.options = options;
    this.base = new URL(options.url);
    const agentOptions = { keepAlive: true, maxFreeSockets: 64 };
    const { protocol, hostname, port, pathname } = this.base;
    this.transport = protocol === 'https:' ? https : http;
    this.place = { protocol, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port };
    this.prefix = pathname.replace(/\/$/, '');
    this.agent = new this.transport.Agent(agentOptions);
  }

  /** The JSON reply. Throws the server's own failure, `sandbox-unavailable` when it is lost, `cancelled`. */
  async json<Schema extends z.ZodType>(request: ServerRequest, schema: Schema): Promise<z.output<Schema>> {
    const response = await this.open(request);
    const body = JSON.parse((await readAll(response)).toString()) as unknown;
    return schema.parse(body);
  }

  /** Sends the request until it is answered; the body is the caller's to read. Throws like `json`. */
  async open(request: ServerRequest): Promise<http.IncomingMessage> {
    const started = performance.now();
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const outcome = await this.attempt(request);
      if (outcome instanceof http.IncomingMessage) return outcome;
      const isBusy = outcome.status === 429 || outcome.status === 503;
      const patience = isBusy ? this.options.busyMs : this.options.lostAfterMs;
      const mayPass = outcome.status === 0 || isBusy || GATEWAY.has(outcome.status);
      const left = started + patience - performance.now();
      if (!mayPass || left <= 0) throw outcome.error;
      const wanted = Math.max(pause * (0.5 + Math.random() / 2), outcome.retryAfterMs);
      await sleep(Math.min(wanted, left), undefined, {
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      }).catch(() => {
        throw cancelled();
      });
    }
  }

  /** Frees the connections; what is under way, and what is asked afterwards, throws `cancelled`. */
  close(): void {
    this.closed = true;
    this.agent.destroy();
  }

  private async attempt(request: ServerRequest): Promise<http.IncomingMessage | (Refusal & { retryAfterMs: number })> {
    if (this.closed) throw cancelled();
    let response: http.IncomingMessage;
    try {
      response = await this.send(request);
      if ((response.statusCode ?? 0) < 400) return response;
      const error = await refusalOf(response);
      const retryAfterMs = Number(response.headers['retry-after'] ?? 0) * 1000 || 0;
      return { status: response.statusCode ?? 0, error, retryAfterMs };
    } catch (cause) {
      if (this.closed || request.signal?.aborted === true) throw cancelled();
      if (isAboutCertificates(cause))
        return { status: UNTRUSTED, error: this.unreachable(cause, false), retryAfterMs: 0 };
      return { status: 0, error: this.unreachable(cause, true), retryAfterMs: 0 };
    }
  }

  private unreachable(cause: unknown, isTrusted: boolean): AssayError {
    const why = cause instanceof Error ? cause.message : String(cause);
    const problem = isTrusted ? 'cannot be reached' : 'has a certificate that is not trusted';
    return new AssayError('sandbox-unavailable', `${this.base.origin} ${problem}: ${why}`, {
      class: 'infra',
      retryable: isTrusted,
      hint: isTrusted
        ? 'Is `assay serve` running there, with TLS as the URL says?'
        : 'Name the file of the authority that signed it in NODE_EXTRA_CA_CERTS.',
      cause,
    });
  }

  private send({ method, path, headers = {}, json, bytes, signal }: ServerRequest): Promise<http.IncomingMessage> {
    const body = json === undefined ? bytes : Buffer.from(JSON.stringify(json));
    const type = json === undefined ? 'application/octet-stream' : 'application/json';
    return new Promise((resolve, reject) => {
      const request = this.transport.request({
        ...this.place,
        path: this.prefix + path,
        method,
        agent: this.agent,
        timeout: SILENCE_MS,
        ...(signal === undefined ? {} : { signal }),
        headers: {
          [API_KEY_HEADER]: this.options.apiKey,
          prefer: SIGNS_OF_LIFE,
          ...headers,
          ...(body === undefined ? {} : { 'content-type': type, 'content-length': body.length }),
        },
      });
      request.once('response', resolve).once('error', reject);
      request.once('timeout', () => request.destroy(new Error('nothing came for too long')));
      request.end(body);
    });
  }
}

/** A name that nobody else makes. */
export function makeClientId(): string {
  return randomUUID();
}

/** Throws when the reply is cut. */
async function readAll(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) throw new RangeError('the reply is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What the server says, or what its status says when a gateway wrote the body. */
async function refusalOf(response: http.IncomingMessage): Promise<AssayError> {
  const status = response.statusCode ?? 0;
  const text = (await readAll(response)).toString();
  const parsed = errorBodySchema.safeParse(jsonOrNull(text));
  if (!parsed.success) {
    return new AssayError('sandbox-unavailable', `the sandbox server answered with status ${status}`, {
      class: 'infra',
      retryable: status >= 500,
      details: { status },
    });
  }
  const { code, message, class: failureClass, hint, retryable, details } = parsed.data.error;
  return new AssayError(code, message, {
    class: failureClass,
    retryable,
    details: { ...details, status },
    ...(hint === undefined ? {} : { hint }),
  });
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function cancelled(): AssayError {
  return new AssayError('cancelled', 'cancelled while waiting for the sandbox server', { class: 'cancelled' });
}
