/**
 * One registry host (OCI distribution spec): answers challenges, waits as `Retry-After` says, tries again what may get better, and takes up a blob where
 * a broken connection left it.
 */
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';
import { type Credentials, findCredentials } from './docker-credentials.ts';
import { answerChallenge, parseChallenge } from './registry-auth.ts';
import type { RegistryHost } from './registry-hosts.ts';

export interface RegistryClientOptions {
  signal: AbortSignal;
  onProgress?: (line: string) => void;
  /** Default: the user's files. */
  findCredentials?: (registry: string) => Promise<Credentials | undefined>;
  /** Tries in a row that brought nothing. Default 5. */
  tries?: number;
  /** First wait in milliseconds, doubled each time. Default 500. */
  waitMs?: number;
}

/** Longest wait that a registry may ask for. */
const LONGEST_WAIT_MS = 10 * 60_000;
const HEADERS_TIMEOUT_MS = 60_000;

interface RegistryRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** What has to be allowed. */
  right?: 'pull' | 'pull,push';
  headers?: Record<string, string>;
  /** Statuses that are no failure here. */
  accepted?: readonly number[];
  body?: () => Readable;
}

export class RegistryClient {
  readonly host: RegistryHost;
  private readonly options: RegistryClientOptions;
  private readonly authorizations = new Map<string, string>();

  constructor(host: RegistryHost, options: RegistryClientOptions) {
    this.host = host;
    this.options = options;
  }

  /** A small document, whole. Throws `image-not-found`, `image-pull-failed`, `cancelled`. */
  async document(
    repository: string,
    path: string,
    accept: string,
    maxBytes: number,
  ): Promise<{ body: Buffer; digest: string | null }> {
    return this.retrying(async () => {
      const response = await this.send(repository, path, { headers: { accept } });
      this.showLimit(response);
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of response.body ?? []) {
        size += chunk.byteLength;
        if (size > maxBytes)
          throw failed(`${this.host.name}/${repository}/${path} is larger than ${maxBytes} bytes`, false);
        chunks.push(chunk);
      }
      return { body: Buffer.concat(chunks), digest: response.headers.get('docker-content-digest') };
    });
  }

  /**
   * Hands the bytes of a blob from `offset` on to `take`, in order, each once; goes on by itself after broken connections. `restart` is called when the registry
   * begins anew because it knows no ranges.
   */
  async blob(
    repository: string,
    digest: string,
    sink: { offset: number; take(chunk: Uint8Array): Promise<void>; restart(): Promise<void> },
  ): Promise<void> {
    let offset = sink.offset;
    await this.retrying(async (progressed) => {
      const range: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
      const response = await this.send(repository, `blobs/${digest}`, { headers: range, accepted: [416] });
      if (response.status === 416) return void (await response.body?.cancel()); // all of it is here already
      if (offset > 0 && response.status !== 206) {
        await sink.restart();
        offset = 0;
      }
      const expected = Number(response.headers.get('content-length') ?? Number.NaN);
      let received = 0;
      for await (const chunk of response.body ?? []) {
        await sink.take(chunk);
        received += chunk.byteLength;
        offset += chunk.byteLength;
        progressed();
      }
      if (Number.isFinite(expected) && received < expected)
        throw new Error(`cut off after ${received} of ${expected} bytes`);
    });
  }

  /** Puts a blob there, unless it is there already; `open` gives its bytes, once for each try. Throws like `document`. */
  async upload(repository: string, blob: { digest: string; size: number }, open: () => Readable): Promise<void> {
    const right = 'pull,push';
    await this.retrying(async () => {
      const known = await this.send(repository, `blobs/${blob.digest}`, { method: 'HEAD', right, accepted: [404] });
      if (known.ok) return;
      const begun = await this.send(repository, 'blobs/uploads/', { method: 'POST', right });
      await begun.body?.cancel();
      const place = begun.headers.get('location');
      if (place === null) throw failed(`${this.host.name} names no place for an upload`, false);
      const url = new URL(place, `${this.host.url}/v2/${repository}/blobs/uploads/`);
      url.searchParams.set('digest', blob.digest);
      const headers = { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) };
      await this.send(repository, url, { method: 'PUT', right, headers, body: open });
    });
  }

  /** Names what was uploaded. */
  async putManifest(repository: string, version: string, mediaType: string, body: Buffer): Promise<void> {
    await this.retrying(() =>
      this.send(repository, `manifests/${version}`, {
        method: 'PUT',
        right: 'pull,push',
        headers: { 'content-type': mediaType, 'content-length': String(body.length) },
        body: () => Readable.from([body]),
      }),
    );
  }

  /** `path` below the repository, or a place that the registry named. */
  private async send(repository: string, path: string | URL, request: RegistryRequest): Promise<Response> {
    const { method = 'GET', right = 'pull', headers = {}, accepted = [], body } = request;
    const url = typeof path === 'string' ? `${this.host.url}/v2/${repository}/${path}` : path.href;
    const scope = `repository:${repository}:${right}`;
    let known = false;
    for (let asked = false; ; asked = true) {
      const authorization = this.authorizations.get(scope);
      const response = await this.fetch(url, {
        method,
        headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
        ...(body === undefined ? {} : { body: Readable.toWeb(body()) as ReadableStream, duplex: 'half' }),
      });
      if (response.ok || accepted.includes(response.status)) return response;
      const challenge =
        response.status === 401 && !asked ? parseChallenge(response.headers.get('www-authenticate')) : undefined;
      if (challenge === undefined) throw await this.refusal(response, repository, String(path), known);
      await response.body?.cancel();
      const credentials = await (this.options.findCredentials ?? findCredentials)(this.host.name);
      known = credentials !== undefined;
      this.authorizations.set(
        scope,
        await answerChallenge(this.host.name, challenge, credentials, scope, this.options.signal),
      );
    }
  }

  private async fetch(url: string, request: RequestInit): Promise<Response> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new Error('no answer in time')), HEADERS_TIMEOUT_MS);
    try {
      return await fetch(url, { ...request, signal: AbortSignal.any([this.options.signal, timeout.signal]) });
    } finally {
      clearTimeout(timer);
    }
  }

  /** `known`: a user name was sent. */
  private async refusal(response: Response, repository: string, path: string, known: boolean): Promise<Error> {
    const text = reasonIn(await response.text().catch(() => ''));
    const what = `${this.host.name}/${repository} (${path})`;
    const { status } = response;
    if (status === 429 || status === 408 || status >= 500) {
      return new TryAgain(`${what}: HTTP ${status}`, status === 429, retryAfterMs(response.headers.get('retry-after')));
    }
    if (status === 404) {
      return new AssayError('image-not-found', `${what} does not exist`, { class: 'input', retryable: false });
    }
    const closed = status === 401 || status === 403;
    const who = closed && known ? ' to the user name and password that are kept for it' : '';
    return new AssayError('image-pull-failed', `${what}: HTTP ${status}${who}${text === '' ? '' : `: ${text}`}`, {
      class: 'input',
      retryable: false,
      hint: closed
        ? `The image is private or does not exist: check the name, or run \`docker login ${this.host.name}\`.`
        : 'Check the name of the image.',
    });
  }

  /** Runs `work` until it succeeds; the count of tries starts anew whenever bytes came. */
  private async retrying<T>(work: (progressed: () => void) => Promise<T>): Promise<T> {
    const { signal, onProgress, tries = 5, waitMs = 500 } = this.options;
    let failures = 0;
    for (;;) {
      try {
        return await work(() => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) throw cancelled(error);
        if (error instanceof AssayError || (error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
        const { rateLimited, afterMs } = error instanceof TryAgain ? error : { rateLimited: false, afterMs: null };
        if (++failures >= tries) throw failed(`${this.host.name}: ${reasonOf(error)}`, true, error);
        const wait = afterMs ?? waitMs * 2 ** (failures - 1) * (0.75 + Math.random() / 2);
        if (rateLimited)
          onProgress?.(`${this.host.name} limits the rate of pulls: waiting ${Math.ceil(wait / 1000)} s`);
        await sleep(wait, undefined, { signal }).catch((reason: unknown) => {
          throw cancelled(reason);
        });
      }
    }
  }

  /** Docker Hub tells how many pulls are left: `76;w=21600`, the window in seconds. */
  private showLimit(response: Response): void {
    const match = /^(\d+)(?:;w=(\d+))?/.exec(response.headers.get('ratelimit-remaining') ?? '');
    if (match === null) return;
    const window = match[2] === undefined ? '' : ` in ${Math.round(Number(match[2]) / 3600)} h`;
    this.options.onProgress?.(`${this.host.name} allows ${match[1]} more pulls${window}`);
  }
}

const refusalSchema = z.object({ errors: z.array(z.object({ message: z.string() })).min(1) });

/** What a refusal says, on one line: registries send `{"errors": [{"code", "message"}]}` (OCI distribution spec). */
function reasonIn(body: string): string {
  const text =
    parseRefusal(body)
      ?.errors.map((one) => one.message)
      .join('; ') ?? body;
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}

function parseRefusal(body: string): z.infer<typeof refusalSchema> | undefined {
  try {
    return refusalSchema.parse(JSON.parse(body));
  } catch {
    return undefined; // something before the registry has answered
  }
}

class TryAgain extends Error {
  readonly rateLimited: boolean;
  readonly afterMs: number | null;
  constructor(message: string, rateLimited: boolean, afterMs: number | null) {
    super(message);
    this.rateLimited = rateLimited;
    this.afterMs = afterMs;
  }
}

/** Seconds or an HTTP date. */
function retryAfterMs(header: string | null): number | null {
  if (header === null) return null;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(LONGEST_WAIT_MS, Math.max(0, seconds * 1000)) : null;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function cancelled(cause: unknown): AssayError {
  return new AssayError('cancelled', 'the pull was cancelled', { class: 'cancelled', retryable: true, cause });
}

function failed(message: string, again: boolean, cause?: unknown): AssayError {
  return new AssayError('image-pull-failed', message, {
    class: 'infra',
    retryable: again,
    ...(again ? { hint: 'Check the network; what has arrived is kept and the next pull goes on from there.' } : {}),
    cause,
  });
}
