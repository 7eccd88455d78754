/** The server of `assay serve`: sandboxes of one backend over HTTP, for many clients. It does not listen by itself. Described in `docs/serve.md`. */
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { SandboxBackend } from '../contracts/index.ts';
import { AuditLog } from './audit-log.ts';
import { BuildTable } from './control/build-table.ts';
import { Holdings } from './control/holdings.ts';
import { LayerDesk } from './control/layer-desk.ts';
import { SandboxRegistry } from './control/sandbox-registry.ts';
import type { SpecPolicy } from './control/spec-policy.ts';
import { processSocket } from './data/process-socket.ts';
import { Dispatcher } from './http/dispatcher.ts';
import type { Route } from './http/route.ts';
import { WebsocketDoor } from './http/websocket-door.ts';
import type { ImageDesk } from './image-desk.ts';
import { Authenticator } from './keys/authenticator.ts';
import { KeyStore } from './keys/key-store.ts';
import { ServerMetrics } from './metrics.ts';
import { openHandsRoutes } from './openhands/openhands-routes.ts';
import { routeByHost } from './openhands/runtime-host.ts';
import { runtimeSocket } from './openhands/runtime-socket.ts';
import { actionRoutes } from './routes/action-routes.ts';
import { fileRoutes } from './routes/file-routes.ts';
import { layerRoutes } from './routes/layer-routes.ts';
import { leaseRoutes } from './routes/lease-routes.ts';
import { processRoutes } from './routes/process-routes.ts';
import { sandboxRoutes } from './routes/sandbox-routes.ts';
import { serverRoutes } from './routes/server-routes.ts';
import type { HostDesk, ServeParts } from './serve-parts.ts';

export interface ServerOptions {
  backend: SandboxBackend;
  images: ImageDesk;
  hostBase: HostDesk;
  /** `AssayPaths.home`: keys and audit log lie below it. */
  home: string;
  onError(error: unknown): void;
}

/** What may change while sandboxes live. */
export interface ServerSettings {
  /** Live sandboxes of all keys together. */
  capacity: number;
  /** Sandboxes made ahead for each environment that is asked for again and again. */
  warm: number;
  /** Sandboxes without lease end when nobody has asked anything of them for so long; null: never. */
  forgetSeconds: number | null;
  policy: SpecPolicy;
  /** Layers of one key may take so much. */
  layerBytes: number;
  /** Where clients reach the server. */
  publicUrl: string;
  /** URL of runtimes of OpenHands clients, with `{id}` in the name of the host; null: below `publicUrl`. */
  runtimeUrl: string | null;
}

export interface AssayServer {
  /** Answers on whatever it is made to listen on. */
  readonly http: Server;
  readonly registry: SandboxRegistry;
  /** Requests that come before are answered with 503; those under way keep the settings they began with. */
  configure(settings: ServerSettings): void;
  /** Destroys all sandboxes and stops to listen; resolves when all requests are answered and noted. The backend stays the caller's. */
  close(): Promise<void>;
}

const HEADERS_MS = 10_000;
const IDLE_CONNECTION_MS = 65_000;
const CHECK_MS = 2_000;
/** Layers of a revoked key are looked for so often. */
const REVOKED_LAYERS_MS = 60_000;
/** Clients give a build up after half an hour. */
const BUILDS = { atOnce: 2, timeoutMs: 1_800_000 };

export function createAssayServer({ backend, images, hostBase, home, onError }: ServerOptions): AssayServer {
  const keys = new KeyStore(home);
  const holdings = new Holdings(home);
  const layers = new LayerDesk({ backend, holdings });
  const registry = new SandboxRegistry({ backend, layers, keysInForce: () => keys.idsInForce(), onError });
  const metrics = new ServerMetrics();
  const builds = new BuildTable(BUILDS);
  const authenticator = new Authenticator(keys);
  const audit = new AuditLog(join(home, 'serve', 'audit.jsonl'), onError);
  const websockets = new WebsocketDoor({
    routes: [processSocket(registry, onError), runtimeSocket(registry)],
    metrics,
    audit,
    onError,
  });
  const collector = setInterval(() => void removeRevoked(keys, layers).catch(onError), REVOKED_LAYERS_MS);
  collector.unref();
  let dispatcher: Dispatcher | undefined;
  /** Requests until they are answered and noted. */
  const underWay = new Set<Promise<void>>();
  const track = (serving: Promise<void>) => {
    const served = serving.finally(() => underWay.delete(served));
    underWay.add(served);
  };
  const http = createServer({
    headersTimeout: HEADERS_MS,
    requestTimeout: 0, // bodies are watched by what they are for
    keepAliveTimeout: IDLE_CONNECTION_MS,
    connectionsCheckingInterval: CHECK_MS,
    insecureHTTPParser: false,
    requireHostHeader: true,
  });
  http.on('request', (request, response) => {
    routeByHost(request);
    // What a handler would still write to a client that went away is for nobody.
    response.on('error', () => {});
    if (dispatcher === undefined) {
      response.writeHead(503, { 'retry-after': '1' }).end();
      return;
    }
    track(dispatcher.serve(request, response));
  });
  http.on('upgrade', (request, socket, head) => {
    routeByHost(request);
    track(websockets.serve(request, socket, head));
  });
  return {
    http,
    registry,
    configure({ capacity, warm, forgetSeconds, layerBytes, ...settings }) {
      registry.setCapacity(capacity);
      layers.setMost(layerBytes);
      registry.setWarm(warm);
      registry.setForgetSeconds(forgetSeconds ?? Number.POSITIVE_INFINITY);
      const routes = allRoutes({
        backend,
        images,
        hostBase,
        registry,
        holdings,
        layers,
        builds,
        metrics,
        ...settings,
      });
      dispatcher = new Dispatcher({ routes, registry, metrics, onError, authenticator, audit });
    },
    async close() {
      clearInterval(collector);
      builds.close();
      await registry.close();
      websockets.close();
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      http.closeAllConnections();
      await closed;
      await Promise.all(underWay);
      await audit.close().catch(onError);
    },
  };
}

async function removeRevoked(keys: KeyStore, layers: LayerDesk): Promise<void> {
  const revoked = (await keys.list()).filter(({ revokedAt }) => revokedAt !== undefined);
  await layers.removeOf(new Set(revoked.map(({ id }) => id)));
}

function allRoutes(parts: ServeParts): Route[] {
  const routes = [
    ...sandboxRoutes(parts),
    ...layerRoutes(parts),
    ...leaseRoutes(parts),
    ...processRoutes(),
    ...actionRoutes(),
    ...fileRoutes(),
  ];
  routes.push(...openHandsRoutes(parts));
  return [...routes, ...serverRoutes(parts, routes)];
}
