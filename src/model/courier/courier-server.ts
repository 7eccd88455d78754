/** The courier's side of the protocol on one unix socket. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Carrier } from './carrier.ts';
import {
  ANSWER_HEADER,
  type Answer,
  CALL_HEADER,
  type CourierError,
  callSchema,
  END_TRAILER,
  type End,
  ERROR_HEADER,
  fromHeader,
  MAX_HEADER_BYTES,
  toHeader,
} from './courier-protocol.ts';
import type { Delivery } from './delivery.ts';

export interface CourierServer {
  server: Server;
  /** Nobody has a lease and nothing is asked. */
  readonly idle: boolean;
  /** Milliseconds since something was asked last or a lease ended. */
  readonly idleMs: number;
}

export function createCourierServer(carrier: Carrier): CourierServer {
  let leases = 0;
  let asking = 0;
  let lastUse = Date.now();
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    lastUse = Date.now();
    response.on('error', () => {}); // the client went away; what is in flight goes on
    if (request.url === '/lease') {
      leases++;
      response.writeHead(200).flushHeaders();
      request.socket.on('close', () => {
        leases--;
        lastUse = Date.now();
      });
      return;
    }
    asking++;
    response.on('close', () => {
      asking--;
      lastUse = Date.now();
    });
    answer(carrier, request, response).catch((error: unknown) => refuse(response, describe(error)));
  });
  // Answers take as long as they take.
  server.requestTimeout = 0;
  server.timeout = 0;
  return {
    server,
    get idle() {
      return leases === 0 && asking === 0 && !carrier.busy;
    },
    get idleMs() {
      return Date.now() - lastUse;
    },
  };
}

async function answer(carrier: Carrier, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const call = fromHeader(request.headers[CALL_HEADER], callSchema);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const carried = await carrier.ask(call, Buffer.concat(chunks));
  const { source, maybePaidTwice } = carried;
  if ('delivery' in carried) {
    relay(carried.delivery, response, { source, maybePaidTwice });
    return;
  }
  const { status, headers, body, end } = carried.stored;
  begin(response, { status, headers, source, maybePaidTwice });
  response.write(Buffer.from(body, 'base64'));
  finish(response, end);
}

/** Passes the answer on as it comes. */
function relay(delivery: Delivery, response: ServerResponse, told: Pick<Answer, 'source' | 'maybePaidTwice'>): void {
  const listener = {
    head: (status: number, headers: Record<string, string>) => begin(response, { status, headers, ...told }),
    data: (chunk: Buffer) => void response.write(chunk),
    end: (end: End) => finish(response, end),
    fail: (error: CourierError) => refuse(response, error),
  };
  response.on('close', () => delivery.forget(listener));
  delivery.listen(listener);
}

function begin(response: ServerResponse, answer: Answer): void {
  response.writeHead(200, { trailer: END_TRAILER, [ANSWER_HEADER]: toHeader(answer) }).flushHeaders();
}

function finish(response: ServerResponse, end: End): void {
  response.addTrailers({ [END_TRAILER]: end });
  response.end();
}

function refuse(response: ServerResponse, error: CourierError): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(502, { [ERROR_HEADER]: toHeader(error) }).end();
}

function describe(error: unknown): CourierError {
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}
