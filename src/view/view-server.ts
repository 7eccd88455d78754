/** The read-only HTTP server behind `assay view`. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { AssayError, toFailure } from '../contracts/index.ts';
import type { SiteDocument } from './documents.ts';
import { findDocument } from './find-document.ts';
import { attemptStamp, runStamp } from './live-stamp.ts';
import { liveStream } from './live-stream.ts';
import type { PageAsset } from './page-assets.ts';
import { newToken, type Refusal, type RequestGuard, requestGuard } from './request-guard.ts';
import { RunCache } from './run-cache.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Smaller answers gain nothing from being compressed. */
const COMPRESSED_BYTES = 2048;
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
const compress = promisify(gzip);

export interface ViewServerOptions {
  runsDir: string;
  assets: ReadonlyMap<string, PageAsset>;
  assayVersion: string;
  /** Default 127.0.0.1. */
  host?: string;
  /** 0 or absent: any free one. */
  port?: number;
  /** Further names that browsers reach this server by, without port. */
  names?: readonly string[];
}

export interface ViewServer {
  /** Opens the pages with their token, which stands in the fragment and so is sent to nobody. */
  address: string;
  origin: string;
  token: string;
  /** Ends live streams and waits for answers under way. Idempotent. */
  close(): Promise<void>;
}

/** Starts to listen. Throws `io` when the port is taken. */
export async function startViewServer(options: ViewServerOptions): Promise<ViewServer> {
  const { host = '127.0.0.1', port = 0 } = options;
  const token = newToken();
  const stopping = new AbortController();
  const server = createServer();
  await listen(server, host, port);
  const bound = (server.address() as AddressInfo).port;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  const names = [...new Set([...LOOPBACK, shownHost.toLowerCase(), ...(options.names ?? [])])];
  const site: SiteDocument = { live: true, assayVersion: options.assayVersion };
  const service: Service = {
    guard: requestGuard({ token, names, port: bound }),
    assets: options.assets,
    source: { cache: new RunCache(options.runsDir), site },
    stopping: stopping.signal,
  };
  server.on('request', (request, response) => void answerSafely(service, request, response));
  const origin = `http://${shownHost}:${bound}`;
  return {
    origin,
    token,
    address: `${origin}/#token=${token}`,
    close: async () => {
      stopping.abort();
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Service {
  guard: RequestGuard;
  assets: ReadonlyMap<string, PageAsset>;
  source: { cache: RunCache; site: SiteDocument };
  stopping: AbortSignal;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const hint = 'Choose another with --port, or 0 for any free one.';
      reject(
        new AssayError('io', `Cannot listen on ${host}:${port}: ${error.message}`, {
          class: 'infra',
          hint,
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function answerSafely(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  try {
    await answer(service, request, response);
  } catch (error) {
    const failure = toFailure(error);
    if (response.headersSent) response.destroy();
    else await sendJson(request, response, statusOf(failure.code), { failure });
  }
}

async function answer(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { guard, assets, source, stopping } = service;
  const refuse = ({ status, message }: Refusal) => sendJson(request, response, status, { failure: { message } });
  const foreign = guard.refuseOrigin(request);
  if (foreign !== null) return await refuse(foreign);
  const path = pathOf(request);
  if (path === null) return await sendJson(request, response, 400, { failure: { message: 'This is no address.' } });
  const opening = path === 'session' && request.method === 'POST';
  if (!opening && request.method !== 'GET' && request.method !== 'HEAD')
    return await sendJson(request, response, 405, { failure: { message: 'Pages are only read here.' } });
  const asset = opening ? undefined : assets.get(path);
  if (asset !== undefined) return sendAsset(request, response, asset);
  const stranger = guard.refuseStranger(request);
  if (stranger !== null) return await refuse(stranger);
  if (opening) {
    response.writeHead(204, { 'set-cookie': guard.cookie() }).end();
    return;
  }
  const stamp = path.startsWith('live/') ? stampFor(source.cache, path.slice('live/'.length)) : null;
  if (stamp !== null) {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping]);
    return await liveStream(response, { stamp, heard: headerOf(request, 'last-event-id'), signal });
  }
  const document = path.startsWith('data/') ? await findDocument(source, path.slice('data/'.length)) : null;
  if (document !== null) return await sendJson(request, response, 200, document);
  await sendJson(request, response, 404, { failure: { message: 'There is nothing at this address.' } });
}

/** `R` for a run, `R/<folder>/<n>` for an attempt; null for anything else. */
function stampFor(cache: RunCache, path: string): (() => Promise<string>) | null {
  const [run = '', folder, attempt, ...more] = path.split('/');
  if (folder === undefined) return () => runStamp(cache, run);
  if (more.length > 0 || !/^[1-9]\d{0,8}$/.test(attempt ?? '')) return null;
  return () => attemptStamp(cache, run, folder, Number(attempt));
}

/** The path without its leading slash, decoded; null when it cannot be. */
function pathOf(request: IncomingMessage): string | null {
  try {
    return decodeURIComponent((request.url ?? '/').split('?', 1)[0] ?? '/').replace(/^\//, '');
  } catch {
    return null;
  }
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function sendAsset(request: IncomingMessage, response: ServerResponse, { type, data, unchanging }: PageAsset): void {
  const caching = unchanging ? 'public, max-age=31536000, immutable' : 'no-cache';
  response.writeHead(200, { 'content-type': type, 'content-length': data.length, 'cache-control': caching });
  response.end(request.method === 'HEAD' ? undefined : data);
}

async function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: object,
): Promise<void> {
  const plain = Buffer.from(JSON.stringify(body));
  const small = plain.length < COMPRESSED_BYTES || !/\bgzip\b/.test(headerOf(request, 'accept-encoding') ?? '');
  const data = small ? plain : await compress(plain, { level: 3 });
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': data.length,
    'cache-control': 'no-store',
    ...(small ? {} : { 'content-encoding': 'gzip' }),
  });
  response.end(request.method === 'HEAD' ? undefined : data);
}

function statusOf(code: string): number {
  if (code === 'run-not-found' || code === 'instance-not-found') return 404;
  return code === 'store-invalid' ? 422 : 500;
}
