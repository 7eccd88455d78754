/** Starts or finds the courier of a run and gives `fetch` functions that go through it. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';

const addressSchema = z.object({ pid: z.number(), socket: z.string() });

export interface CourierFetch {
  fetch: typeof globalThis.fetch;
  /** Where the last answer came from. */
  source(): 'live' | 'journal';
  /** A 2xx answer came, or began to come. */
  answered(): boolean;
  /** The last request had been sent before by a courier that died: it may have been paid for already. */
  maybePaidTwice(): boolean;
}

export interface Courier {
  readonly pid: number;
  /** A `fetch` for one call. Equal keys with equal bodies are sent once, ever; the answer of the first time is given again. */
  fetchFor(key: string): CourierFetch;
  /** Gives the lease back; the courier ends when it has nothing left to do. */
  close(): void;
}

/** Throws `internal` when the courier does not come up within ten seconds. `journal`: folder for replies, private to the run. */
export async function startOrAttachCourier(journal: string): Promise<Courier> {
  await mkdir(journal, { recursive: true, mode: 0o700 });
  const running = await attach(journal);
  if (running !== undefined) return running;
  // Socket paths hold at most 107 bytes, and run folders may be deep: the socket lies in a private folder of its own.
  const socket = join(mkdtempSync(join(tmpdir(), 'assay-courier-')), 'socket');
  mkdirSync(journal, { recursive: true });
  const child = spawn(process.execPath, [...loader(), mainFile(), journal, socket], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: process.env,
  });
  child.unref();
  for (let tries = 0; tries < 500; tries++) {
    const courier = await attach(journal, socket);
    if (courier !== undefined) return courier;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new AssayError('internal', 'the courier process did not start within ten seconds', {
    class: 'infra',
    retryable: true,
    hint: `Look at the folder ${journal}: it must be writable.`,
  });
}

/** In the source tree the main file is TypeScript and needs the loader; built it is JavaScript beside this file. */
function mainFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./courier-main.${extension}`, import.meta.url));
}

function loader(): string[] {
  if (!import.meta.url.endsWith('.ts')) return [];
  return ['--import', createRequire(import.meta.url).resolve('tsx')];
}

async function attach(journal: string, wanted?: string): Promise<Courier | undefined> {
  const text = await readFile(join(journal, 'courier.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const address = addressSchema.parse(JSON.parse(text));
  if (wanted !== undefined && address.socket !== wanted) return undefined;
  const lease = await takeLease(address.socket);
  if (lease === undefined) return undefined;
  return { pid: address.pid, fetchFor: (key) => courierFetch(address.socket, key), close: () => lease.destroy() };
}

/** A connection that stays open as long as this process lives. */
function takeLease(socketPath: string): Promise<ClientRequest | undefined> {
  return new Promise((resolve) => {
    const lease = httpRequest({ socketPath, path: '/lease', agent: false }, (response) => {
      response.on('error', () => {}).resume();
      lease.socket?.unref();
      resolve(lease);
    });
    lease.on('error', () => resolve(undefined));
    lease.end();
  });
}

function courierFetch(socketPath: string, key: string): CourierFetch {
  let source: 'live' | 'journal' = 'live';
  let twice = false;
  let answered = false;
  return {
    source: () => source,
    answered: () => answered,
    maybePaidTwice: () => twice,
    async fetch(input, init) {
      const url = input instanceof Request ? input.url : String(input);
      const headers = Object.fromEntries(new Headers(init?.headers));
      const call = Buffer.from(JSON.stringify({ key, url, method: init?.method ?? 'POST', headers })).toString(
        'base64',
      );
      const response = await send(socketPath, call, String(init?.body ?? ''), init?.signal ?? undefined);
      if (response.headers['x-assay-error'] !== undefined) {
        response.resume();
        throw new TypeError(`fetch failed: ${decode(response.headers['x-assay-error']).message ?? ''}`);
      }
      source = response.headers['x-assay-source'] === 'journal' ? 'journal' : 'live';
      twice = response.headers['x-assay-maybe-paid-twice'] === '1';
      const status = Number(response.headers['x-assay-status']);
      answered = status >= 200 && status < 300;
      const body = [204, 304].includes(status) ? null : (Readable.toWeb(response) as ReadableStream);
      return new Response(body, { status, headers: decode(response.headers['x-assay-headers']) });
    },
  };
}

function send(
  socketPath: string,
  call: string,
  body: string,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        socketPath,
        path: '/call',
        method: 'POST',
        agent: false,
        headers: { 'x-assay-call': call },
        ...(signal === undefined ? {} : { signal }),
      },
      resolve,
    );
    request.on('error', (cause) => reject(signal?.aborted === true ? cause : new TypeError('fetch failed', { cause })));
    request.end(body);
  });
}

function decode(header: string | string[] | undefined): Record<string, string> {
  return JSON.parse(Buffer.from(String(header ?? 'e30='), 'base64').toString()) as Record<string, string>;
}
