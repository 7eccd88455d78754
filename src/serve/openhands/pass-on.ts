/** Passes one HTTP request on to a server inside a sandbox. */
import { type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Sandbox } from '../../contracts/index.ts';
import { API_KEY_HEADER } from '../../sandbox/remote/api.ts';
import { HttpProblem } from '../http/http-problem.ts';
import { connectInside } from './inner-connection.ts';

/** Of one connection only (RFC 9110, 7.6.1), or none of the sandbox's business. */
const NOT_PASSED = new Set([
  'connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  API_KEY_HEADER,
]);

/** Answers with what the server at `port` inside answers; 502 when there is none (yet). */
export async function passOn(
  sandbox: Sandbox,
  { port, path }: { port: number; path: string },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const connection = await connectInside(sandbox, port);
  try {
    const inner = await ask(request, path, connection);
    response.writeHead(inner.statusCode ?? 502, passedHeaders(inner.headers));
    await pipeline(inner, response);
  } catch (error) {
    if (response.headersSent) throw error;
    const message = `nothing answers at port ${port} of the sandbox`;
    throw new HttpProblem(502, { code: 'sandbox-unavailable', class: 'infra', message, retryable: true });
  } finally {
    connection.destroy();
  }
}

function ask(
  request: IncomingMessage,
  path: string,
  connection: Awaited<ReturnType<typeof connectInside>>,
): Promise<IncomingMessage> {
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

function passedHeaders(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_PASSED.has(name)));
}
