/** `assay serve`: sandboxes of one backend over HTTP, for many clients. Described in `docs/serve.md`. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { SandboxBackend } from '../contracts/index.ts';
import { AuditLog } from './audit-log.ts';
import { SandboxRegistry } from './control/sandbox-registry.ts';
import type { SpecPolicy } from './control/spec-policy.ts';
import { Dispatcher } from './http/dispatcher.ts';
import type { Route } from './http/route.ts';
import { Authenticator } from './keys/authenticator.ts';
import { KeyStore } from './keys/key-store.ts';
import { ServerMetrics } from './metrics.ts';
import { openHandsRoutes } from './openhands/openhands-routes.ts';
import { fileRoutes } from './routes/file-routes.ts';
import { leaseRoutes } from './routes/lease-routes.ts';
import { processRoutes } from './routes/process-routes.ts';
import { sandboxRoutes } from './routes/sandbox-routes.ts';
import { serverRoutes } from './routes/server-routes.ts';
import type { ServeParts } from './serve-parts.ts';

export interface ServerOptions {
  backend: SandboxBackend;
  /** `AssayPaths.home`: keys and audit log lie below it. */
  home: string;
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Live sandboxes of all keys together. */
  capacity: number;
  policy: SpecPolicy;
  /** Where clients reach the server; by default the address it listens on. */
  publicUrl?: string;
  onError(error: unknown): void;
}

export interface AssayServer {
  readonly url: string;
  readonly state: { live: number; waiting: number; draining: boolean };
  /** Starts nothing from now on; resolves when no sandbox lives any more or the signal aborts. */
  drain(signal: AbortSignal): Promise<void>;
  /** Destroys all sandboxes and stops to listen. The backend stays the caller's. */
  close(): Promise<void>;
}

/** A whole request must have come after this: nobody holds a connection by sending slowly. */
const REQUEST_MS = 300_000;
const HEADERS_MS = 10_000;
const IDLE_CONNECTION_MS = 65_000;
const CHECK_MS = 2_000;
const DRAIN_POLL_MS = 200;

/** Listens once it resolves. Throws what listening throws. */
export async function startServer(options: ServerOptions): Promise<AssayServer> {
  const { backend, home, policy, capacity, onError } = options;
  const registry = new SandboxRegistry({ backend, capacity, onError });
  const metrics = new ServerMetrics();
  const server = createServer({
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    connectionsCheckingInterval: CHECK_MS,
    insecureHTTPParser: false,
    requireHostHeader: true,
  });
  await listen(server, options);
  const url = options.publicUrl ?? addressOf(server);
  const dispatcher = new Dispatcher({
    routes: allRoutes({ backend, registry, policy, metrics, publicUrl: url }),
    registry,
    metrics,
    onError,
    authenticator: new Authenticator(new KeyStore(home)),
    audit: new AuditLog(join(home, 'serve', 'audit.jsonl')),
  });
  server.on('request', (request, response) => {
    // What a handler would still write to a client that went away is for nobody.
    response.on('error', () => {});
    void dispatcher.serve(request, response);
  });
  return {
    url,
    get state() {
      return registry.state;
    },
    async drain(signal) {
      registry.drain();
      while (!signal.aborted && registry.state.live > 0)
        await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    },
    async close() {
      await registry.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function allRoutes(parts: ServeParts): Route[] {
  const routes = [...sandboxRoutes(parts), ...leaseRoutes(parts), ...processRoutes(), ...fileRoutes()];
  routes.push(...openHandsRoutes(parts));
  return [...routes, ...serverRoutes(parts, routes)];
}

function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
