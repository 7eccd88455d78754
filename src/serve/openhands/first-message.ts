/**
 * The opening of a WebSocket (RFC 6455) whose client sends its key in the first message, so that the key stands in no URL and in no log of a proxy. Nothing of the sandbox
 * is touched before.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { refuse } from '../http/http-problem.ts';

/** RFC 6455, section 1.3. */
const HANDSHAKE_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const FINAL_TEXT = 0x81;
const FINAL_CLOSE = 0x88;
const MASKED = 0x80;
const MASK_BYTES = 4;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MAX_PAYLOAD_BYTES = 4_096;
const WAIT_MS = 10_000;

export interface FirstMessage {
  /** Undefined for anything but a whole text frame of moderate length. */
  text: string | undefined;
  /** All bytes that came, as they are: what follows the message too. */
  bytes: Buffer;
}

/** Answers the handshake, without extensions and subprotocols. Throws 400 for what is no handshake. */
export function acceptWebsocket({ headers }: IncomingMessage, socket: Duplex): void {
  const { 'sec-websocket-key': key = '', 'sec-websocket-version': version } = headers;
  if (version !== '13' || !/^[A-Za-z0-9+/]{22}==$/.test(key)) throw refuse(400, 'this is no handshake of a WebSocket');
  const accept = createHash('sha1')
    .update(key + HANDSHAKE_GUID)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
}

/** Says why (RFC 6455, section 7.4) and ends the connection. */
export function closeWebsocket(socket: Duplex, code: number, reason: string): void {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
  socket.end(Buffer.concat([Buffer.from([FINAL_CLOSE, payload.length]), payload]));
}

/** What the client sends first, at the latest after ten seconds. The socket is left paused. */
export function readFirstMessage(socket: Duplex, head: Buffer): Promise<FirstMessage> {
  return new Promise((resolve) => {
    let bytes = head;
    const end = (text: string | undefined) => {
      clearTimeout(timer);
      socket.off('data', take).off('close', abandon).pause();
      resolve({ text, bytes });
    };
    const abandon = () => end(undefined);
    const look = () => {
      const text = textOfFirstFrame(bytes);
      if (text !== 'incomplete') end(text?.text);
    };
    const take = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      look();
    };
    const timer = setTimeout(abandon, WAIT_MS);
    socket.on('data', take).once('close', abandon);
    look();
  });
}

/** Null for a frame that is not wanted here. */
function textOfFirstFrame(bytes: Buffer): { text: string } | 'incomplete' | null {
  if (bytes.length < 2) return 'incomplete';
  const [kind = 0, second = 0] = bytes;
  const short = second & ~MASKED;
  if (kind !== FINAL_TEXT || (second & MASKED) === 0 || short === LENGTH_64) return null;
  const maskAt = short === LENGTH_16 ? 4 : 2;
  if (bytes.length < maskAt) return 'incomplete';
  const length = short === LENGTH_16 ? bytes.readUInt16BE(2) : short;
  if (length > MAX_PAYLOAD_BYTES) return null;
  const from = maskAt + MASK_BYTES;
  if (bytes.length < from + length) return 'incomplete';
  const payload = bytes.subarray(from, from + length).map((byte, index) => byte ^ (bytes[maskAt + (index % 4)] ?? 0));
  return { text: Buffer.from(payload).toString() };
}
