/** Whose request it is, where a listener in another process passes connections on: it says the address in a first line of its own. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

const NEWLINE = 10;
/** The longest address, with a zone, is far shorter. */
const MAX_LINE_BYTES = 128;

const told = new WeakMap<object, string>();

/** Of the client, also when its connection was passed on. Undefined when it is gone. */
export function clientAddress({ socket }: IncomingMessage): string | undefined {
  return told.get(socket) ?? socket.remoteAddress;
}

/** The line that goes before the client's own bytes. */
export function addressLine(address: string): string {
  return `${address}\n`;
}

/** Lets the server take connections that begin with an address line, and only such. */
export function expectAddressLines(server: Server): void {
  const accept = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    let line = Buffer.alloc(0);
    const abandon = () => socket.destroy();
    const take = (chunk: Buffer) => {
      line = Buffer.concat([line, chunk]);
      const end = line.indexOf(NEWLINE);
      if (end < 0) {
        if (line.length > MAX_LINE_BYTES) abandon();
        return;
      }
      socket.pause();
      socket.off('data', take).off('error', abandon);
      told.set(socket, line.toString('latin1', 0, end));
      if (line.length > end + 1) socket.unshift(line.subarray(end + 1));
      for (const listener of accept) listener.call(server, socket);
      process.nextTick(() => socket.resume());
    };
    socket.on('data', take).on('error', abandon);
  });
}
