/**
 * An HTTP proxy that lets a sandbox reach a list of hosts: CONNECT for TLS, whole addresses for plain HTTP. It looks names up itself, and a name that leads to an address of this
 * machine or a private network is refused, whoever controls the name, unless the list names that address.
 */
import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import { BlockList, connect, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AssayError } from '../contracts/index.ts';
import { type HostRule, matchingRule, namesThisMachine, parseHostRule } from './host-list.ts';

export interface FilterProxy {
  /** Hosts that were asked for and refused, with their ports, in order, each once; the first thousand. */
  readonly refused: ReadonlySet<string>;
  close(): Promise<void>;
}

const CONNECT_MS = 30_000;

/** What a sandbox asks for is remembered up to here: it must not fill our memory. */
const MOST_REFUSED = 1000;

/** RFC 1035, section 2.3.4. */
const LONGEST_NAME = 253;

export interface FilterProxyOptions {
  /** The address of a name. Default: the system's. */
  lookup?: (name: string) => Promise<string>;
}

/** Listens at the unix socket `path`. Throws `usage` for a list that cannot be read. */
export async function startFilterProxy(
  path: string,
  allow: readonly string[],
  options: FilterProxyOptions = {},
): Promise<FilterProxy> {
  const find = options.lookup ?? (async (name: string) => (await lookup(name)).address);
  const rules = allow.map(ruleOf);
  const refused = new Set<string>();
  const open = new Set<Duplex>();
  let closed = false;
  const server = createServer();
  const refuse = (host: string, port: number, why: string): string => {
    const shown = `${host.length > LONGEST_NAME ? `${host.slice(0, LONGEST_NAME)}...` : host}:${port}`;
    if (refused.size < MOST_REFUSED) refused.add(shown);
    return `assay: ${shown} cannot be reached from this sandbox: ${why}\n`;
  };
  const context: Context = { rules, refuse, open, find, isClosed: () => closed };
  server.on('connection', (socket) => follow(open, socket));
  server.on('connect', (incoming: IncomingMessage, client: Socket, head: Buffer) => {
    tunnel(incoming.url ?? '', client, head, context).catch(() => client.destroy());
  });
  server.on('request', (incoming, reply) => {
    forward(incoming, reply, context).catch(() => reply.destroy());
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(answer(error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400, 'assay: no HTTP request\n'));
  });
  await listen(server, path);
  return {
    refused,
    async close() {
      closed = true;
      for (const stream of open) stream.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Context {
  rules: readonly HostRule[];
  refuse(host: string, port: number, why: string): string;
  open: Set<Duplex>;
  find(name: string): Promise<string>;
  isClosed(): boolean;
}

async function tunnel(target: string, client: Socket, head: Buffer, context: Context): Promise<void> {
  client.on('error', () => client.destroy());
  const [, host, port] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(target) ?? [];
  if (host === undefined || port === undefined) {
    client.end(answer(400, 'assay: CONNECT needs host:port\n'));
    return;
  }
  const address = await permitted(host, Number(port), context);
  if (client.destroyed || context.isClosed()) return; // gone while the name was looked up
  if (typeof address !== 'string') {
    client.end(answer(403, address.refusal));
    return;
  }
  const outside = connect({ host: address, port: Number(port), timeout: CONNECT_MS });
  follow(context.open, outside);
  outside.once('connect', () => {
    outside.setTimeout(0);
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    outside.write(head);
    outside.pipe(client);
    client.pipe(outside);
  });
  outside.once('timeout', () => outside.destroy(new Error('no answer')));
  outside.once('error', (error) => {
    if (outside.bytesRead === 0) client.end(answer(502, `assay: ${error.message}\n`));
    else client.destroy();
  });
  client.once('close', () => outside.destroy());
  outside.once('close', () => client.end());
}

async function forward(incoming: IncomingMessage, reply: ServerResponse, context: Context): Promise<void> {
  const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : undefined;
  if (url === undefined || url.protocol !== 'http:') {
    reply.writeHead(400, { 'content-type': 'text/plain' }).end('assay: this is a proxy for http:// addresses\n');
    return;
  }
  const port = Number(url.port || 80);
  const address = await permitted(url.hostname, port, context);
  if (reply.destroyed || context.isClosed()) return;
  if (typeof address !== 'string') {
    reply.writeHead(403, { 'content-type': 'text/plain' }).end(address.refusal);
    return;
  }
  const { 'proxy-connection': _, 'proxy-authorization': __, ...headers } = incoming.headers;
  const outgoing = request(
    {
      host: address,
      port,
      path: `${url.pathname}${url.search}`,
      method: incoming.method,
      headers: { ...headers, host: url.host, connection: 'close' },
      setHost: false,
      agent: false, // a connection is this sandbox's alone
      timeout: CONNECT_MS,
    },
    (reached) => {
      try {
        reply.writeHead(reached.statusCode ?? 502, reached.headers);
      } catch {
        outgoing.destroy(); // no answer that HTTP knows
        reply.destroy();
        return;
      }
      reached.pipe(reply);
      reached.once('error', () => reply.destroy());
    },
  );
  // Nobody asked for another protocol: its answer cannot be passed on.
  outgoing.once('upgrade', (_, socket) => {
    socket.destroy();
    reply.writeHead(502, { 'content-type': 'text/plain' }).end('assay: the server wants another protocol\n');
  });
  outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
  outgoing.once('error', (error) => {
    if (reply.headersSent) reply.destroy();
    else reply.writeHead(502, { 'content-type': 'text/plain' }).end(`assay: ${error.message}\n`);
  });
  reply.once('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

/** A whole answer for a connection that then ends. */
function answer(status: number, text: string): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${text}`;
}

/** The address to connect to, or why not. The one that was looked at is the one that is used. */
async function permitted(
  host: string,
  port: number,
  { rules, refuse, find }: Context,
): Promise<string | { refusal: string }> {
  const rule = matchingRule(rules, host, port);
  if (rule === undefined) return { refusal: refuse(host, port, 'it is not on the list of allowed hosts') };
  try {
    const address = await find(host.replace(/^\[|\]$/g, ''));
    if (!namesThisMachine(rule) && isPrivate(address))
      return { refusal: refuse(host, port, `its name leads to ${address}, which is no public address`) };
    return address;
  } catch (error) {
    return { refusal: refuse(host, port, `its name cannot be looked up (${(error as NodeJS.ErrnoException).code})`) };
  }
}

/** Special-purpose addresses (RFC 6890) that lead to this machine, its neighbours or a cloud's metadata service. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv6');

function isPrivate(address: string): boolean {
  return PRIVATE.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function ruleOf(text: string): HostRule {
  const rule = parseHostRule(text);
  if (rule !== undefined) return rule;
  throw new AssayError('usage', `${JSON.stringify(text)} is no host name`, {
    class: 'input',
    retryable: false,
    hint: 'Write names like pypi.org, *.pythonhosted.org or example.org:8080.',
  });
}

function follow(open: Set<Duplex>, stream: Duplex): void {
  open.add(stream);
  stream.once('close', () => open.delete(stream));
  stream.on('error', () => {});
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, writableAll: true, readableAll: true }, () => resolve());
  });
  server.unref();
}
