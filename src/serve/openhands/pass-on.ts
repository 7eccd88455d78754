/** Passes one HTTP request on to a server inside a sandbox. */
import { type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Sandbox } from '../../contracts/index.ts';
import { HttpProblem } from '../http/http-problem.ts';
import { connectInside } from './inner-connection.ts';
import { passedHeaders } from './passed-headers.ts';

/** A server inside a sandbox. */
export interface InnerPlace {
  port: number;
  /** With its query. */
  path: string;
  /** An answer must be whole by then. Default: no limit. */
  withinMs?: number;
}

/** Answers with what the server at `port` inside answers; 502 when there is none (yet). */
export async function passOn(
  sandbox: Sandbox,
  place: InnerPlace,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const connection = await connectInside(sandbox, place.port);
  const abandon = () => connection.destroy(new Error('the client is gone'));
  response.once('close', abandon);
  const timer = place.withinMs === undefined ? undefined : setTimeout(abandon, place.withinMs);
  try {
    if (response.destroyed) abandon();
    const inner = await ask(request, place.path, connection);
    response.writeHead(inner.statusCode ?? 502, passedHeaders(inner.headers));
    await pipeline(inner, response);
  } catch (error) {
    if (response.headersSent) throw error;
    throw nothingAnswers(place);
  } finally {
    clearTimeout(timer);
    response.off('close', abandon);
    connection.destroy();
  }
}

export function nothingAnswers({ port }: InnerPlace): HttpProblem {
  const message = `nothing answers at port ${port} of the sandbox`;
  return new HttpProblem(502, { code: 'sandbox-unavailable', class: 'infra', message, retryable: true });
}

function ask(request: IncomingMessage, path: string, connection: Duplex): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const inner = sendRequest({
      method: request.method,
      path,
      headers: { ...passedHeaders(request.headers), host: 'localhost', connection: 'close' },
      createConnection: () => connection,
    });
    inner.once('response', resolve).once('error', reject);
    pipeline(request, inner).catch(reject);
  });
}
