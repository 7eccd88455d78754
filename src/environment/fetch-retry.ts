/** HTTP GET with patience: 429, 5xx and broken connections are tried again with growing waits; `Retry-After` is obeyed up to a minute. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AssayError } from '../contracts/index.ts';

export interface FetchOptions {
  headers?: Readonly<Record<string, string>>;
  signal: AbortSignal;
  /** Bytes; more is an error. */
  maxBytes: number;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch;
  /** Tries in all. Default 5. */
  tries?: number;
  /** First wait in milliseconds, doubled each time. Default 500. */
  waitMs?: number;
  /** Of one try, in milliseconds. Default two minutes. */
  timeoutMs?: number;
}

export interface Fetched {
  body: Buffer;
  contentType: string;
  /** After redirects. */
  url: string;
}

/** Throws `environment-build-failed`: class `task` for a 4xx (it will not get better), else `infra` and retryable. `cancelled` on abort. */
export async function fetchRetry(url: string, options: FetchOptions): Promise<Fetched> {
  const tries = options.tries ?? 5;
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryOnce(url, options);
    if ('body' in outcome) return outcome;
    if (!outcome.again || attempt >= tries) {
      throw new AssayError('environment-build-failed', `${url}: ${outcome.message}`, {
        class: outcome.again ? 'infra' : 'task',
        retryable: outcome.again,
        hint: outcome.again
          ? 'Check the network and the registry settings of npm and pip, then try again.'
          : 'Check the name and version in task.yaml.',
        cause: outcome.cause,
      });
    }
    const wait = outcome.waitMs ?? (options.waitMs ?? 500) * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
    await sleep(wait, undefined, { signal: options.signal });
  }
}

interface Refused {
  message: string;
  again: boolean;
  waitMs?: number;
  cause?: unknown;
}

async function tryOnce(url: string, options: FetchOptions): Promise<Fetched | Refused> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs ?? 120_000)]);
  try {
    const response = await (options.fetch ?? fetch)(url, { headers: { ...options.headers }, signal });
    if (response.ok) {
      const body = await readBody(response, options.maxBytes);
      if (body === null) return { message: `is larger than ${options.maxBytes} bytes`, again: false };
      return { body, contentType: response.headers.get('content-type') ?? '', url: response.url || url };
    }
    await response.body?.cancel();
    const again = response.status === 429 || response.status === 408 || response.status >= 500;
    const after = retryAfterMs(response.headers.get('retry-after'));
    return { message: `HTTP ${response.status}`, again, ...(after === null ? {} : { waitMs: after }) };
  } catch (cause) {
    if (options.signal.aborted)
      throw new AssayError('cancelled', 'the download was cancelled', { class: 'cancelled', retryable: true, cause });
    const inner = cause instanceof Error && cause.cause instanceof Error ? `: ${cause.cause.message}` : '';
    return { message: `${cause instanceof Error ? cause.message : String(cause)}${inner}`, again: true, cause };
  }
}

async function readBody(response: Response, maxBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  const expected = response.headers.get('content-length');
  const encoded = response.headers.get('content-encoding') !== null;
  if (!encoded && expected !== null && size !== Number(expected))
    throw new Error(`cut off at ${size} of ${expected} bytes`);
  return Buffer.concat(chunks);
}

/** Seconds or an HTTP date; at most a minute. */
function retryAfterMs(header: string | null): number | null {
  if (header === null) return null;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(60, Math.max(0, seconds)) * 1000 : null;
}
