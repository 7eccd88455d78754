/**
 * The few calls of the Kubernetes API that sandboxes need, in core v1, so that they mean the same on every version. Calls wait while the API server is away and
 * when it asks for patience.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { AssayError } from '../../contracts/index.ts';
import { isAboutCertificates } from '../is-about-certificates.ts';
import type { ClusterAccess } from './cluster-access.ts';

export interface ApiCall {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Readonly<Record<string, string>>;
  /** Sent as JSON; of a PATCH as a merge patch. */
  body?: object;
  /** Statuses that are an answer and no error, beyond 2xx. */
  accept?: readonly number[];
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface ApiReply {
  status: number;
  /** Undefined when the answer is empty. */
  body: unknown;
}

/** What the API server said no to. */
export class ApiError extends Error {
  readonly status: number;
  /** `Forbidden`, `AlreadyExists`, ... as the server says it. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
  }

  /** The namespace has no room now. It may have later. */
  get isQuota(): boolean {
    return this.status === 403 && /exceeded quota|limited:/.test(this.message);
  }
}

export interface ApiClientOptions {
  access: ClusterAccess;
  /** How long a call waits for an API server that is away or overloaded. Default one minute. */
  patienceMs?: number;
  /** Told about each "too many requests". */
  onThrottled?(waitMs: number): void;
}

const AWAY_CODES = new Set(
  'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH EAI_AGAIN ENOTFOUND'.split(' '),
);
const TIMEOUT_MS = 30_000;
/** An API server that has just started refuses what it allows once it has read its rights and keys. */
const SETTLING_MS = 60_000;
const OVERLOADED = new Set([429, 500, 502, 503, 504]);

export class ApiClient {
  readonly access: ClusterAccess;
  private readonly options: ApiClientOptions;
  private aheadMs = 0;
  private awayAt = Number.NEGATIVE_INFINITY;

  constructor(options: ApiClientOptions) {
    this.options = options;
    this.access = options.access;
  }

  /** Its clock, to the second, as its last answer told it: what machines with clocks of their own can agree on. */
  get serverTime(): number {
    return Date.now() + this.aheadMs;
  }

  /** Whether a refusal is its last word: not soon after it was away. */
  get isSettled(): boolean {
    return Date.now() - this.awayAt > SETTLING_MS;
  }

  /** It could not be reached, or said that it cannot answer now. */
  wasAway(): void {
    this.awayAt = Date.now();
  }

  /** One call, its whole answer. Throws `ApiError`, or `sandbox-unavailable` when the server stays away. Calls must be harmless to repeat. */
  async call(call: ApiCall): Promise<ApiReply> {
    const until = Date.now() + (this.options.patienceMs ?? 60_000);
    for (let tries = 0; ; tries++) {
      const waitMs = Math.min(100 * 2 ** tries, 5_000);
      try {
        const response = await this.open(call);
        const reply = { status: response.statusCode ?? 0, body: parsed(await bytesOf(response, call.timeoutMs)) };
        if (isAnswer(reply.status, call)) return reply;
        if (reply.status >= 500) this.wasAway();
        const refusal = apiError(reply, call);
        const renewed = reply.status === 401 && tries === 0;
        const passing = OVERLOADED.has(reply.status) || this.isEarly(refusal);
        if (!renewed && (!passing || Date.now() + waitMs > until)) throw refusal;
        const asked = Number(response.headers['retry-after']) * 1000 || 0;
        if (reply.status === 429) this.options.onThrottled?.(Math.max(asked, waitMs));
        await this.pause(Math.max(asked, waitMs), call);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? '';
        if (call.signal?.aborted || error instanceof ApiError || error instanceof AssayError) throw error;
        if (!AWAY_CODES.has(code) || Date.now() + waitMs > until) throw this.unreachable(error as Error);
        await this.pause(waitMs, call);
      }
    }
  }

  /** One call, its answer as it comes. Statuses are not judged; after 401 the next call has credentials that were read anew. */
  async open(call: ApiCall): Promise<IncomingMessage> {
    const { server } = this.access;
    const options: RequestOptions = await this.access.options();
    const query = new URLSearchParams(call.query).toString();
    const bytes = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const type = call.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const request = server.protocol === 'https:' ? httpsRequest : httpRequest;
    const { agent, ...rest } = options;
    return new Promise((resolve, reject) => {
      const sent: ClientRequest = request({
        ...rest,
        ...(server.protocol === 'https:' && agent !== undefined ? { agent } : {}),
        host: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port || (server.protocol === 'https:' ? 443 : 80),
        method: call.method,
        path: `${server.pathname.replace(/\/$/, '')}${call.path}${query === '' ? '' : `?${query}`}`,
        headers: {
          ...options.headers,
          accept: 'application/json',
          ...(bytes === undefined ? {} : { 'content-type': type, 'content-length': String(bytes.length) }),
        },
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
      const timer = setTimeout(() => sent.destroy(tooLate()), call.timeoutMs ?? TIMEOUT_MS);
      sent.on('response', (response) => {
        clearTimeout(timer);
        if (response.statusCode === 401) this.access.forget();
        this.aheadMs = (Date.parse(response.headers.date ?? '') || Date.now()) - Date.now();
        resolve(response);
      });
      sent.on('error', (error) => {
        clearTimeout(timer);
        if (call.signal?.aborted !== true) this.wasAway();
        reject(error);
      });
      sent.end(bytes);
    });
  }

  private isEarly({ status, isQuota }: ApiError): boolean {
    return !this.isSettled && !isQuota && (status === 401 || status === 403);
  }

  private async pause(ms: number, call: ApiCall): Promise<void> {
    await sleep(ms, undefined, call.signal === undefined ? {} : { signal: call.signal });
  }

  private unreachable(cause: Error): AssayError {
    const { host } = this.access.server;
    const untrusted = isAboutCertificates(cause);
    const problem = untrusted
      ? `the certificate of the Kubernetes API server at ${host} is not trusted`
      : `the Kubernetes API server at ${host} does not answer`;
    return new AssayError('sandbox-unavailable', `${problem}: ${cause.message}`, {
      class: 'infra',
      retryable: !untrusted,
      hint: untrusted
        ? 'Give `certificate-authority` of the cluster in the kubeconfig the authority that signed it.'
        : 'Check `kubectl cluster-info` with the same kubeconfig and context.',
      cause,
    });
  }
}

function isAnswer(status: number, call: ApiCall): boolean {
  return (status >= 200 && status < 300) || call.accept?.includes(status) === true;
}

/** Of a refusal the server tells in a `Status` object. */
function apiError({ status, body }: ApiReply, call: ApiCall): ApiError {
  const { reason, message } = (body ?? {}) as { reason?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : `${call.method} ${call.path}: HTTP ${status}`;
  return new ApiError(status, typeof reason === 'string' ? reason : '', text);
}

/** A server may fall silent in the middle of an answer, too. */
async function bytesOf(response: IncomingMessage, timeoutMs = TIMEOUT_MS): Promise<Buffer> {
  const timer = setTimeout(() => response.destroy(tooLate()), timeoutMs);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
}

function parsed(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return { message: bytes.toString().slice(0, 500) }; // proxies in between answer in plain words
  }
}
