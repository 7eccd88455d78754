/** Nobody holds a connection by sending slowly: a body must be whole in time, one that may be long must keep a pace. */
import type { IncomingMessage } from 'node:http';

export interface BodyLimits {
  /** A body must be whole after this. */
  wholeMs: number;
  /** Of a long body at least `paceBytes` must come in each `paceMs`. */
  paceMs: number;
  paceBytes: number;
}

const LIMITS: BodyLimits = { wholeMs: 300_000, paceMs: 60_000, paceBytes: 64 * 1024 };
const TOO_SLOW = 'HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';

/** Answers with 408 and cuts the connection when the body comes too slowly. */
export function watchBody(request: IncomingMessage, isLong: boolean, limits = LIMITS): void {
  if (!hasBody(request)) return;
  const { socket } = request;
  const giveUp = () => {
    stop();
    socket.end(TOO_SLOW, () => socket.destroy());
  };
  let seen = 0;
  const look = () => {
    const { bytesRead } = socket;
    // While there are bytes that nobody took, the reader is slow, not the client.
    if (request.readableLength === 0 && bytesRead - seen < limits.paceBytes) giveUp();
    seen = bytesRead;
  };
  const timer = isLong ? setInterval(look, limits.paceMs) : setTimeout(giveUp, limits.wholeMs);
  const stop = () => clearTimeout(timer);
  request.once('end', stop).once('close', stop);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
