/** What clients connect to: takes TLS off, says whose connection it is, and passes the bytes on to the keeper. It holds nothing that matters. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { addressLine } from '../http/client-address.ts';

export interface ListenerOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Certificate chain and private key, as PEM. */
  tls?: { cert: string; key: string };
  /** The keeper's socket for clients, at the time of each connection. */
  keeper(): string;
}

export interface Listener {
  readonly url: string;
  /** Cuts all connections and stops to listen. */
  close(): Promise<void>;
}

const HANDSHAKE_MS = 10_000;
const NO_KEEPER =
  'HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';

/** Listens once it resolves. Throws what listening throws. */
export async function startListener({ host, port, tls, keeper }: ListenerOptions): Promise<Listener> {
  const open = new Set<Socket>();
  const options = { allowHalfOpen: true, noDelay: true, keepAlive: true };
  const pass = (client: Socket) => passOn(client, keeper());
  const server =
    tls === undefined
      ? createServer(options, pass)
      : createTlsServer({ ...options, ...tls, handshakeTimeout: HANDSHAKE_MS, ALPNProtocols: ['http/1.1'] }, pass);
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('tlsClientError', () => {}); // its connection is closed; nobody else is concerned
  await listen(server, host, port);
  return {
    url: urlOf(server, tls === undefined ? 'http' : 'https'),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function passOn(client: Socket, path: string): void {
  const keeper = connect({ path, allowHalfOpen: true });
  let isThere = false;
  client.on('error', () => keeper.destroy());
  keeper.once('connect', () => {
    isThere = true;
    keeper.write(addressLine(client.remoteAddress ?? ''));
    const done = () => {}; // either side may go away at any time; `pipeline` then closes the other
    pipeline(client, keeper, done);
    pipeline(keeper, client, done);
  });
  keeper.once('error', () => {
    if (!isThere) client.end(NO_KEEPER, () => client.destroySoon());
  });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function urlOf(server: Server, protocol: string): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `${protocol}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
