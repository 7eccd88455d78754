import { connect, createServer, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** Passes bytes on, after `delayMs` each way, and cuts connections when told to. */
export class CuttingProxy {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  cuts = 0;

  constructor(target: { host: string; port: number }, delayMs = 0) {
    this.server = createServer((near) => {
      const far = connect(target);
      this.sockets.add(near);
      near.pipe(later(delayMs)).pipe(far).pipe(later(delayMs)).pipe(near);
      const end = () => {
        near.destroy();
        far.destroy();
        this.sockets.delete(near);
      };
      near.on('error', end).on('close', end);
      far.on('error', end).on('close', end);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  cutAll(): void {
    for (const socket of this.sockets) {
      this.cuts++;
      socket.resetAndDestroy();
    }
  }

  close(): void {
    this.cutAll();
    this.server.close();
  }
}

function later(ms: number): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      setTimeout(() => this.push(chunk), ms);
      done();
    },
    flush(done) {
      setTimeout(done, ms);
    },
  });
}
