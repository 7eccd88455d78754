/** From a request to its route: who asks, what is answered, what is noted. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SESSION_KEY_HEADER, SIGNS_OF_LIFE } from '../../sandbox/remote/api.ts';
import { type AuditLog, NOBODY, UNKNOWN_ROUTE } from '../audit-log.ts';
import type { HostedSandbox } from '../control/hosted-sandbox.ts';
import type { SandboxRegistry } from '../control/sandbox-registry.ts';
import { type Authenticator, unauthorized } from '../keys/authenticator.ts';
import type { ServerMetrics } from '../metrics.ts';
import { checkParameters } from './check-parameters.ts';
import { clientAddress } from './client-address.ts';
import { HttpProblem, refuse, toProblem } from './http-problem.ts';
import { demandOneHost } from './one-host.ts';
import { discardBody } from './read-body.ts';
import { type OpenCall, type PathMatcher, pathMatcher, type Reply, type Route } from './route.ts';
import { watchBody } from './watch-body.ts';

export interface DispatcherParts {
  routes: readonly Route[];
  registry: SandboxRegistry;
  authenticator: Authenticator;
  audit: AuditLog;
  metrics: ServerMetrics;
  /** Told what went wrong inside the server. */
  onError(error: unknown): void;
}

const ALIVE_MS = 10_000;

interface Noted {
  /** Key or sandbox that the request was let in for. */
  who: string;
}

export class Dispatcher {
  private readonly parts: DispatcherParts;
  private readonly routes: readonly { route: Route; match: PathMatcher }[];

  constructor(parts: DispatcherParts) {
    this.parts = parts;
    this.routes = parts.routes.map((route) => ({ route, match: pathMatcher(route.path) }));
  }

  /** Answers one request. Never rejects. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const noted: Noted = { who: NOBODY };
    const alive = tellAlive(request, response);
    let pattern = UNKNOWN_ROUTE;
    try {
      const { route, call } = this.find(request, response);
      pattern = route.path;
      watchBody(request, route.hasLongBody === true);
      const reply = await this.answer(route, call, noted);
      if (reply !== undefined) sendJson(response, reply.status, reply.body);
    } catch (thrown) {
      await this.refuse(thrown, response);
    } finally {
      clearInterval(alive);
    }
    const { method = '' } = request;
    const { statusCode: status } = response;
    this.parts.metrics.request(method, pattern, status, (performance.now() - started) / 1000);
    await this.note({
      method,
      pattern,
      status,
      path: pathOf(request),
      who: noted.who,
      from: clientAddress(request),
    });
  }

  private find(request: IncomingMessage, response: ServerResponse): { route: Route; call: OpenCall } {
    // Browsers are no clients of this server: a page elsewhere must not act with what its reader can reach.
    if (request.headers.origin !== undefined) throw refuse(403, 'requests of web pages are not answered');
    demandOneHost(request);
    const path = pathOf(request);
    const matches = this.routes.flatMap(({ route, match }) => {
      const params = match(path);
      return params === null ? [] : [{ route, params }];
    });
    // Who asks for a head only, asks what everybody may ask: whether the server is well.
    const match = matches.find(
      ({ route }) =>
        route.method === request.method ||
        (request.method === 'HEAD' && route.method === 'GET' && route.auth === 'none'),
    );
    if (match !== undefined) {
      const query = new URLSearchParams(request.url?.split('?')[1] ?? '');
      return { route: match.route, call: { request, response, params: match.params, query } };
    }
    if (matches.length === 0) throw refuse(404, 'no such path');
    response.setHeader('allow', [...new Set(matches.map(({ route }) => route.method))].join(', '));
    throw refuse(405, 'this path has no such method');
  }

  private async answer(route: Route, call: OpenCall, noted: Noted): Promise<Reply | undefined> {
    if (route.auth === 'none') return route.handle(call);
    if (route.auth === 'session') {
      const hosted = this.demandSession(call);
      noted.who = `sandbox ${hosted.id}`;
      checkParameters(route, call);
      return hosted.serve(() => route.handle({ ...call, hosted }));
    }
    const key = await this.parts.authenticator.demandKey(call.request, route.scope);
    noted.who = `key ${key.id}`;
    checkParameters(route, call);
    return route.handle({ ...call, key });
  }

  private demandSession({ request, params }: OpenCall): HostedSandbox {
    const sessionKey = request.headers[SESSION_KEY_HEADER];
    const hosted =
      typeof sessionKey === 'string' ? this.parts.registry.findBySessionKey(params.id ?? '', sessionKey) : undefined;
    if (hosted === undefined)
      throw unauthorized("the sandbox's session key is needed, in the header X-Session-API-Key");
    return hosted;
  }

  private async refuse(thrown: unknown, response: ServerResponse): Promise<void> {
    const problem = toProblem(thrown);
    if (problem.status >= 500 && !(thrown instanceof HttpProblem)) this.parts.onError(thrown);
    if (response.headersSent) {
      response.destroy(); // a reply that broke off must not look like one that ended
      return;
    }
    if (problem.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(problem.retryAfterSeconds));
    if (!response.req.complete) {
      response.setHeader('connection', 'close');
      await discardBody(response.req);
    }
    sendJson(response, problem.status, { error: problem.failure });
  }

  private async note(entry: Parameters<AuditLog['write']>[0]): Promise<void> {
    try {
      await this.parts.audit.write({ id: randomUUID(), ...entry });
    } catch (error) {
      this.parts.onError(error);
    }
  }
}

/** While nothing of the reply is sent. */
function tellAlive(request: IncomingMessage, response: ServerResponse): NodeJS.Timeout | undefined {
  if (request.headers.prefer !== SIGNS_OF_LIFE) return undefined;
  return setInterval(() => {
    if (!response.headersSent && !response.destroyed) response.writeProcessing();
  }, ALIVE_MS);
}

function pathOf(request: IncomingMessage): string {
  return request.url?.split('?')[0] ?? '';
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}
