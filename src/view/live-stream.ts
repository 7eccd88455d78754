/**
 * Server-sent events that say how far the logs of a run have grown. They carry no content: a page that hears one asks again for the documents that it shows, whatever it missed
 * while its connection was broken.
 */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 200;
/** Comments keep proxies from closing a silent connection. */
const HEARTBEAT_MS = 15_000;

export interface LiveOptions {
  /** How far the logs have grown; any other value is news. */
  stamp: () => Promise<string>;
  /** What the browser heard last: its `Last-Event-ID`. */
  heard: string | undefined;
  /** Say what there is to say now, and end. */
  once: boolean;
  /** Aborted when the browser has gone or the server stops. */
  signal: AbortSignal;
}

/** Writes until the signal is aborted. What `stamp` throws at first is thrown before a byte is written; later it ends the stream, and the browser comes back and hears why. */
export async function liveStream(response: ServerResponse, { stamp, heard, once, signal }: LiveOptions): Promise<void> {
  let last = heard;
  let now = await stamp();
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write('retry: 1000\n\n');
  let wroteAt = Date.now();
  try {
    while (!signal.aborted) {
      if (now !== last) response.write(`id: ${now}\ndata: ${now}\n\n`);
      else if (Date.now() - wroteAt > HEARTBEAT_MS) response.write(':\n\n');
      if (now !== last || Date.now() - wroteAt > HEARTBEAT_MS) wroteAt = Date.now();
      if (once) break;
      last = now;
      await sleep(LOOK_MS, undefined, { signal });
      now = await stamp();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    response.end();
  }
}
