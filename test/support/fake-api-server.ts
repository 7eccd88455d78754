/**
 * The part of a Kubernetes API server that the backend talks to, in this process: pods, leases, config maps, watches and exec streams. Pods do what the test's
 * script says; faults are asked for one by one.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ClusterAccess } from '../../src/sandbox/kubernetes/cluster-access.ts';

// biome-ignore lint/suspicious/noExplicitAny: objects of a cluster, as the test wrote them
type Stored = { metadata: Record<string, any>; spec?: any; status?: any };

export interface FakeApiOptions {
  /** What becomes of a new pod: its statuses, one after the other. */
  statuses?(pod: Stored): readonly object[];
  /** Where a new pod runs. */
  node?(pod: Stored): string;
  /** Answers a program that is started in a pod. */
  exec?(argv: readonly string[], socket: WebSocket): void;
}

export interface Fault {
  status: number;
  headers?: Record<string, string>;
  body?: object;
}

export const RUNNING = {
  phase: 'Running',
  containerStatuses: [{ name: 'sandbox', state: { running: {} }, imageID: `r.example/i@sha256:${'d'.repeat(64)}` }],
};

export class FakeApiServer {
  readonly requests: string[] = [];
  /** Answers for the next requests whose line starts so, in order. */
  readonly faults: { line: string; fault: Fault }[] = [];
  readonly objects = new Map<string, Stored>();
  private readonly options: FakeApiOptions;
  private readonly server = createServer((request, response) => void this.answer(request, response));
  private readonly sockets = new WebSocketServer({ noServer: true });
  private readonly watches = new Set<ServerResponse>();
  private readonly history: { version: number; event: string }[] = [];
  private version = 100;

  constructor(options: FakeApiOptions = {}) {
    this.options = options;
    this.server.on('upgrade', (request, socket, head) => {
      const url = new URL(request.url ?? '/', 'http://fake');
      this.requests.push(`EXEC ${url.searchParams.getAll('command').join(' ')}`);
      this.sockets.handleUpgrade(request, socket, head, (opened) =>
        this.options.exec?.(url.searchParams.getAll('command'), opened),
      );
    });
  }

  async open(): Promise<ClusterAccess> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as AddressInfo;
    const server = new URL(`http://127.0.0.1:${port}`);
    return { server, namespace: 'test', options: async () => ({}), forget: () => {} };
  }

  async close(): Promise<void> {
    this.sockets.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Ends all watches, as a restart does; with a code, by an error event. */
  cutWatches(code?: number): void {
    for (const watch of this.watches) {
      if (code !== undefined) watch.write(`${JSON.stringify({ type: 'ERROR', object: { code } })}\n`);
      watch.end();
    }
    this.watches.clear();
  }

  change(path: string, status: object): void {
    const pod = this.objects.get(path);
    if (pod === undefined) throw new Error(`there is no ${path}`);
    pod.status = status;
    if (status === RUNNING) pod.spec.nodeName ??= this.options.node?.(pod) ?? 'node1';
    this.tell('MODIFIED', pod);
  }

  /** Removed without a word to any watch. */
  forget(path: string): void {
    this.objects.delete(path);
  }

  remove(path: string): void {
    const gone = this.objects.get(path);
    this.objects.delete(path);
    if (path.includes('/sandboxes/')) this.remove(`/api/v1/namespaces/test/pods/${path.split('/').at(-1)}`);
    if (gone !== undefined && path.includes('/pods/')) this.tell('DELETED', gone);
  }

  podPaths(): string[] {
    return [...this.objects.keys()].filter((path) => path.includes('/pods/'));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    const line = `${request.method} ${url.pathname}`;
    this.requests.push(line);
    const body = await text(request);
    const at = this.faults.findIndex((one) => line.startsWith(one.line));
    const [fault] = at < 0 ? [] : this.faults.splice(at, 1);
    if (fault !== undefined) return send(response, fault.fault.status, fault.fault.body ?? {}, fault.fault.headers);
    if (url.searchParams.get('watch') === '1')
      return this.watch(response, Number(url.searchParams.get('resourceVersion')));
    const found = this.objects.get(url.pathname);
    if (request.method === 'GET') {
      const parts = url.pathname.split('/');
      if (found !== undefined) return send(response, 200, found);
      if (/^(pods|leases)$/.test(parts.at(-1) ?? '')) return send(response, 200, this.list(url));
      return send(response, 404, { reason: 'NotFound', message: `${url.pathname} not found` });
    }
    if (request.method === 'POST' && url.searchParams.has('dryRun')) return send(response, 201, JSON.parse(body));
    if (request.method === 'POST') return this.create(url.pathname, JSON.parse(body), response);
    if (request.method === 'PATCH') {
      if (found === undefined) return send(response, 404, { reason: 'NotFound' });
      Object.assign(found.spec, JSON.parse(body).spec);
      return send(response, 200, found);
    }
    const paths = found === undefined ? this.selected(url).map(([path]) => path) : [url.pathname];
    for (const path of paths) this.remove(path);
    send(response, found === undefined && !url.pathname.endsWith('/pods') ? 404 : 200, {});
  }

  private create(path: string, object: Stored, response: ServerResponse): void {
    const place = `${path}/${object.metadata.name}`;
    if (this.objects.has(place)) {
      send(response, 409, { reason: 'AlreadyExists', message: `${place} exists` });
      return;
    }
    object.metadata.uid = `uid-${object.metadata.name}`;
    this.objects.set(place, object);
    send(response, 201, object);
    if (path.endsWith('/sandboxes')) this.bePod(object);
    if (path.endsWith('/pods')) this.bringUp(place, object);
  }

  /** What a controller makes of an object of agent-sandbox. */
  private bePod({ metadata: { name }, spec }: Stored): void {
    const place = `/api/v1/namespaces/test/pods/${name}`;
    const pod = { metadata: { ...spec.podTemplate.metadata, name }, spec: spec.podTemplate.spec };
    this.objects.set(place, pod);
    this.bringUp(place, pod);
  }

  private bringUp(place: string, object: Stored): void {
    object.status = { phase: 'Pending' };
    this.tell('ADDED', object);
    for (const status of this.options.statuses?.(object) ?? [RUNNING]) {
      setTimeout(() => this.objects.has(place) && this.change(place, status), 5);
    }
  }

  private list(url: URL): object {
    const items = this.selected(url).map(([, object]) => object);
    return { metadata: { resourceVersion: String(this.version) }, items };
  }

  private selected(url: URL): [string, Stored][] {
    const wanted = (url.searchParams.get('labelSelector') ?? '').split(',').map((pair) => pair.split('='));
    return [...this.objects].filter(
      ([path, { metadata }]) =>
        path.startsWith(`${url.pathname}/`) && wanted.every(([name = '', value]) => metadata.labels?.[name] === value),
    );
  }

  private watch(response: ServerResponse, from: number): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const { version, event } of this.history) if (version > from) response.write(event);
    this.watches.add(response);
    response.on('close', () => this.watches.delete(response));
  }

  private tell(type: string, pod: Stored): void {
    pod.metadata.resourceVersion = String(++this.version);
    const event = `${JSON.stringify({ type, object: pod })}\n`;
    this.history.push({ version: this.version, event });
    for (const watch of this.watches) watch.write(event);
  }
}

/** Ends a program as the server does: its output, then its code. */
export function endProgram(socket: WebSocket, output: string, exitCode: number): void {
  socket.send(Buffer.concat([Buffer.from([1]), Buffer.from(output)]));
  const causes = [{ reason: 'ExitCode', message: String(exitCode) }];
  const status = exitCode === 0 ? { status: 'Success' } : { status: 'Failure', message: 'failed', details: { causes } };
  socket.send(Buffer.concat([Buffer.from([3]), Buffer.from(JSON.stringify(status))]));
  socket.close();
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
