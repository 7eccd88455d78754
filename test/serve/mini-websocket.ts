/** A WebSocket client of a few lines (RFC 6455), so that tests can also send what no good client sends. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const TEXT = 0x81;
const MASKED = 0x80;

export interface Frame {
  /** First byte: FINAL and the kind. */
  kind: number;
  payload: Buffer;
}

export class MiniWebsocket {
  private readonly socket: Socket;
  private bytes = Buffer.alloc(0);
  private isClosed = false;
  private wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {}); // `close` follows
    socket.on('data', (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.wake();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.wake();
    });
  }

  /** Sends the handshake; `headers` are added to it. `answer` is the whole head of the reply. */
  static async open(
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ websocket: MiniWebsocket; answer: string }> {
    const { hostname, port, pathname, search } = new URL(url);
    const socket = connect(Number(port), hostname);
    const websocket = new MiniWebsocket(socket);
    const all: Record<string, string> = {
      Host: hostname,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      ...headers,
    };
    const lines = [
      `GET ${pathname}${search} HTTP/1.1`,
      ...Object.entries(all).map(([name, text]) => `${name}: ${text}`),
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    const end = await websocket.until(() => websocket.bytes.indexOf('\r\n\r\n') + 1);
    return { websocket, answer: websocket.take(end === 0 ? websocket.bytes.length : end + 3).toString() };
  }

  send(text: string): void {
    const payload = Buffer.from(text);
    const mask = randomBytes(4);
    const length =
      payload.length < 126 ? [MASKED | payload.length] : [MASKED | 126, payload.length >> 8, payload.length & 255];
    const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    this.socket.write(Buffer.concat([Buffer.from([TEXT, ...length]), mask, masked]));
  }

  sendRaw(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next frame; null when the connection ended. */
  async next(): Promise<Frame | null> {
    const length = await this.until(() => {
      const short = this.bytes[1] ?? 0;
      const head = short === 126 ? 4 : 2;
      const whole = head + (short === 126 && this.bytes.length >= 4 ? this.bytes.readUInt16BE(2) : short);
      return this.bytes.length >= whole && this.bytes.length >= head ? whole : 0;
    });
    if (length === 0) return null;
    const frame = this.take(length);
    return { kind: frame[0] ?? 0, payload: frame.subarray((frame[1] ?? 0) === 126 ? 4 : 2) };
  }

  close(): void {
    this.socket.destroy();
  }

  private take(count: number): Buffer {
    const taken = this.bytes.subarray(0, count);
    this.bytes = this.bytes.subarray(count);
    return taken;
  }

  /** What `look` gives as soon as it is not 0; 0 when the connection ended first. */
  private async until(look: () => number): Promise<number> {
    for (;;) {
      const found = look();
      if (found !== 0 || this.isClosed) return found;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}
