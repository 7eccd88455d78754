/**
 * Carries TCP connections between two sandboxes over standard input and output, so that neither needs a network.
 *   node relay.mjs listen PORT    accepts connections on the loopback
 *   node relay.mjs connect PORT   makes the same connections to the loopback of the other sandbox
 * Frame: connection (4 bytes, big endian), kind (1: open 0, data 1, end 2, reset 3), length (4), payload. A frame that cannot be is the end of the relay.
 */
import { createServer, createConnection } from 'node:net';

const [mode, port] = [process.argv[2], Number(process.argv[3])];
const [OPEN, DATA, END, RESET] = [0, 1, 2, 3];
const MAX_PAYLOAD = 1024 * 1024;
const sockets = new Map();

function send(id, kind, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUInt32BE(id, 0);
  head[4] = kind;
  head.writeUInt32BE(payload.length, 5);
  return process.stdout.write(Buffer.concat([head, payload]));
}

function attach(id, socket) {
  sockets.set(id, socket);
  socket.on('data', (chunk) => {
    for (let at = 0; at < chunk.length; at += MAX_PAYLOAD) {
      if (send(id, DATA, chunk.subarray(at, at + MAX_PAYLOAD))) continue;
      socket.pause();
      process.stdout.once('drain', () => socket.resume());
    }
  });
  socket.on('end', () => send(id, END));
  socket.on('error', () => {});
  socket.on('close', (failed) => {
    if (sockets.delete(id) && failed) send(id, RESET);
  });
}

function receive(id, kind, payload) {
  if (kind === OPEN && mode === 'connect') {
    const socket = createConnection({ host: '127.0.0.1', port, allowHalfOpen: true });
    attach(id, socket);
    return;
  }
  const socket = sockets.get(id);
  if (socket === undefined) return; // of a connection that is gone
  if (kind === DATA) socket.write(payload);
  else if (kind === END) socket.end();
  else if (kind === RESET) {
    sockets.delete(id);
    socket.destroy();
  }
}

let pending = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  pending = Buffer.concat([pending, chunk]);
  while (pending.length >= 9) {
    const length = pending.readUInt32BE(5);
    if (length > MAX_PAYLOAD) process.exit(1);
    if (pending.length < 9 + length) return;
    receive(pending.readUInt32BE(0), pending[4], pending.subarray(9, 9 + length));
    pending = pending.subarray(9 + length);
  }
});
process.stdin.on('end', () => process.exit(0));
process.stdout.on('error', () => process.exit(0));

if (mode === 'listen') {
  let next = 1;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const id = next++;
    send(id, OPEN);
    attach(id, socket);
  });
  server.listen(port, '127.0.0.1', () => process.stderr.write('listening\n'));
}
