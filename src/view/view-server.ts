/** The HTTP server behind `assay view`: pages, documents, live streams, searches, and what pages may do to runs. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AssayError, toFailure } from '../contracts/index.ts';
import { controlRequest, readJsonBody } from './control-requests.ts';
import type { SiteDocument } from './documents.ts';
import { findDocument } from './find-document.ts';
import { runStamp } from './live-stamp.ts';
import { liveStream } from './live-stream.ts';
import type { PageAsset } from './page-assets.ts';
import { newToken, type RequestGuard, requestGuard } from './request-guard.ts';
import { RunCache } from './run-cache.ts';
import type { RunControls } from './run-controls.ts';
import { parseSearchQuery, searchStream } from './search-stream.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { headerOf, sendAsset, sendFailure, sendJson } from './send.ts';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

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
  /** Seals what is saved beside long logs, so that a later server believes it. */
  savedKey?: Buffer;
  /** Absent: pages only read. */
  controls?: RunControls;
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
  const { controls } = options;
  const site: SiteDocument = { controls: controls !== undefined, assayVersion: options.assayVersion };
  const service: Service = {
    guard: requestGuard({ token, names, port: bound }),
    assets: options.assets,
    source: { cache: new RunCache(options.runsDir, options.savedKey), site },
    controls,
    stopping: stopping.signal,
  };
  // Reading large runs takes a while: it begins before a browser asks.
  void service.source.cache.readAhead();
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
  controls: RunControls | undefined;
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
    else await sendFailure(request, response, statusOf(failure.code), failure);
  }
}

interface Exchange {
  service: Service;
  request: IncomingMessage;
  response: ServerResponse;
  /** Below the root, decoded. */
  path: string;
  query: URLSearchParams;
}

/** Answers, or returns false for an address that it does not know. */
type Handler = (exchange: Exchange) => Promise<boolean>;

const HANDLERS: Readonly<Record<'GET' | 'POST', readonly Handler[]>> = {
  GET: [answerLive, answerSearch, answerDocument],
  POST: [answerControl],
};

/** Front end first, for which nobody needs the token; everything else is for who has it. */
async function answer(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const foreign = service.guard.refuseOrigin(request);
  if (foreign !== null) return await sendFailure(request, response, foreign.status, foreign);
  const address = addressOf(request);
  if (address === null) return await sendFailure(request, response, 400, { message: 'This is no address.' });
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method !== 'GET' && method !== 'POST')
    return await sendFailure(request, response, 405, { message: 'Addresses here are read or posted to.' });
  const asset = method === 'GET' ? service.assets.get(address.path) : undefined;
  if (asset !== undefined) return sendAsset(request, response, asset);
  const stranger = service.guard.refuseStranger(request);
  if (stranger !== null) return await sendFailure(request, response, stranger.status, stranger);
  for (const handle of HANDLERS[method]) if (await handle({ service, request, response, ...address })) return;
  await sendFailure(request, response, 404, { message: 'There is nothing at this address.' });
}

async function answerLive({ service, request, response, path, query }: Exchange): Promise<boolean> {
  const stamp = path.startsWith('live/') ? stampFor(service.source.cache, path.slice('live/'.length)) : null;
  if (stamp === null) return false;
  if (request.method === 'HEAD') return headOnly(response);
  await liveStream(response, {
    stamp,
    heard: headerOf(request, 'last-event-id'),
    once: query.has('once'),
    signal: whileWanted(service, response),
  });
  return true;
}

async function answerSearch({ service, request, response, path, query }: Exchange): Promise<boolean> {
  if (path !== 'search') return false;
  if (request.method === 'HEAD') return headOnly(response);
  const search = parseSearchQuery(query);
  if (search === null) {
    const message = 'A search needs two characters or more, at most a thousand, and where to look.';
    await sendFailure(request, response, 400, { message });
  } else {
    const { cache } = service.source;
    await searchStream(response, { cache, query: search, signal: whileWanted(service, response) });
  }
  return true;
}

/** What a stream would say has no end. */
function headOnly(response: ServerResponse): true {
  response.writeHead(200).end();
  return true;
}

async function answerDocument({ service, request, response, path }: Exchange): Promise<boolean> {
  const document = path.startsWith('data/') ? await findDocument(service.source, path.slice('data/'.length)) : null;
  if (document === null) return false;
  await sendJson(request, response, 200, document);
  return true;
}

async function answerControl({ service, request, response, path }: Exchange): Promise<boolean> {
  const perform = path.startsWith('control/') ? controlRequest(path.slice('control/'.length)) : undefined;
  if (perform === undefined) return false;
  const { controls, source } = service;
  if (controls === undefined) await sendFailure(request, response, 403, { message: 'Pages only read here.' });
  else {
    const body = await readJsonBody(request);
    await sendJson(request, response, 200, await perform({ controls, cache: source.cache }, body));
  }
  return true;
}

/** Aborted when the browser has gone or the server stops. */
function whileWanted({ stopping }: Service, response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  return AbortSignal.any([gone.signal, stopping]);
}

/** `R` for a run, `R/<folder>/<n>` for an attempt; null for anything else. */
function stampFor(cache: RunCache, path: string): (() => Promise<string>) | null {
  const [run = '', folder, attempt, ...more] = path.split('/');
  if (folder === undefined) return () => runStamp(cache, run);
  if (more.length > 0 || !/^[1-9]\d{0,8}$/.test(attempt ?? '')) return null;
  return () => cache.attemptStamp(run, folder, Number(attempt));
}

/** The path without its leading slash, decoded; null when it cannot be. */
function addressOf(request: IncomingMessage): Pick<Exchange, 'path' | 'query'> | null {
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  try {
    return { path: decodeURIComponent(path).replace(/^\//, ''), query: new URLSearchParams(query) };
  } catch {
    return null;
  }
}

function statusOf(code: string): number {
  if (code === 'run-not-found' || code === 'instance-not-found') return 404;
  if (code === 'config-invalid') return 400;
  if (code === 'run-locked') return 409;
  return code === 'store-invalid' ? 422 : 500;
}
