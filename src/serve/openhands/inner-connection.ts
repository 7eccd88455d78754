/** A connection to a port of a sandbox's own loopback, through a process in it: nothing of the sandbox's network is opened to the outside. */
import { Duplex } from 'node:stream';
import type { Sandbox } from '../../contracts/index.ts';

/** Where servers of OpenHands listen in their images. */
export const INNER_PORT = 60_000;
/** What of this server leads there. */
export const RUNTIME_PATH = '/runtimes/{id}/{rest*}';

/** bash opens the socket; one copy runs for each direction. What the server sends ends the whole; what the client sends does not. */
const CONNECT = 'exec 3<>"/dev/tcp/127.0.0.1/$1" && { cat <&0 >&3 & exec cat <&3; }';

/** Resolves when the process runs; a port on which nothing listens ends the stream at once. Needs bash in the sandbox. Throws what `spawn` throws. */
export async function connectInside(sandbox: Sandbox, port: number): Promise<Duplex> {
  const child = await sandbox.spawn(['bash', '-c', CONNECT, 'bash', String(port)]);
  child.stderr.resume();
  child.stdin.on('error', () => {}); // the other side closed: the end of its output tells
  const stream = new Duplex({
    read: () => void child.stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => void child.stdin.write(chunk, () => done()),
    // The socket has no half-open state here: it ends when the server inside closes it, or with `destroy`.
    final: (done) => done(),
    destroy(error, done) {
      child.kill('SIGKILL');
      child.stdin.destroy();
      done(error);
    },
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  child.stdout.once('end', () => stream.push(null));
  return stream;
}
