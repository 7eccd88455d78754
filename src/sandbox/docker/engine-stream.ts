/**
 * The stream of an attached container: what is written goes to its stdin as it is; what comes back is framed by the engine (stream number, three zero
 * bytes, length big endian, bytes). This unwraps stdout and gives stderr to a callback.
 */
import { Duplex } from 'node:stream';

const HEADER = 8;
const STDERR = 2;

export function engineStream(socket: Duplex, onStderr: (text: string) => void): Duplex {
  let pending: Buffer = Buffer.alloc(0);
  /** Bytes of the current frame that are still to come, and where they go. */
  let left = 0;
  let toStderr = false;
  const stream = new Duplex({
    readableHighWaterMark: 1024 ** 2,
    read() {
      socket.resume();
    },
    write(chunk: Buffer, _encoding, done) {
      socket.write(chunk, done);
    },
    final(done) {
      socket.end(done);
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  const hand = (bytes: Buffer) => {
    if (toStderr) onStderr(bytes.toString());
    else if (!stream.push(bytes)) socket.pause();
  };
  socket.on('data', (chunk: Buffer) => {
    let rest = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (rest.length > 0) {
      if (left === 0) {
        if (rest.length < HEADER) break;
        toStderr = rest[0] === STDERR;
        left = rest.readUInt32BE(4);
        rest = rest.subarray(HEADER);
        continue;
      }
      const part = rest.subarray(0, left);
      left -= part.length;
      rest = rest.subarray(part.length);
      hand(part);
    }
    pending = rest;
  });
  socket.on('end', () => stream.push(null));
  socket.on('error', (error) => stream.destroy(error));
  socket.on('close', () => stream.destroy());
  return stream;
}
