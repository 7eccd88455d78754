/** Answers of the view server. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { PageAsset } from './page-assets.ts';

/** Smaller answers gain nothing from being compressed. */
const COMPRESSED_BYTES = 2048;
const compress = promisify(gzip);

export function sendAsset(
  request: IncomingMessage,
  response: ServerResponse,
  { type, data, unchanging }: PageAsset,
): void {
  const caching = unchanging ? 'public, max-age=31536000, immutable' : 'no-cache';
  response.writeHead(200, { 'content-type': type, 'content-length': data.length, 'cache-control': caching });
  response.end(request.method === 'HEAD' ? undefined : data);
}

export async function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: object,
): Promise<void> {
  const plain = Buffer.from(JSON.stringify(body));
  const small = plain.length < COMPRESSED_BYTES || !/\bgzip\b/.test(headerOf(request, 'accept-encoding') ?? '');
  const data = small ? plain : await compress(plain, { level: 3 });
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': data.length,
    'cache-control': 'no-store',
    ...(small ? {} : { 'content-encoding': 'gzip' }),
  });
  response.end(request.method === 'HEAD' ? undefined : data);
}

/** `failure` as the pages show it. */
export async function sendFailure(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  failure: { message: string; hint?: string | undefined },
): Promise<void> {
  await sendJson(request, response, status, { failure });
}

/** The first value of a header. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
