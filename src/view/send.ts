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

/** Answers that were sent, as long as the document they were made from is kept: a large one is not made again for every page that shows it. */
const sent = new WeakMap<object, { plain: Buffer; zipped?: Buffer }>();

export async function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: object,
): Promise<void> {
  const answer = sent.get(body) ?? { plain: Buffer.from(JSON.stringify(body)) };
  sent.set(body, answer);
  const small = answer.plain.length < COMPRESSED_BYTES || !/\bgzip\b/.test(headerOf(request, 'accept-encoding') ?? '');
  if (!small) answer.zipped ??= await compress(answer.plain, { level: 1 });
  const data = (small ? undefined : answer.zipped) ?? answer.plain;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': data.length,
    'cache-control': 'no-store',
    ...(data === answer.zipped ? { 'content-encoding': 'gzip' } : {}),
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
