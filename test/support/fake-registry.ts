/** A registry on loopback that serves one OCI layout and misbehaves as told; counts what it was asked. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface Misbehaviour {
  /** User name and password that the token service wants; the registry then wants its token. */
  login?: { username: string; password: string };
  /** Breaks the connection of a blob after so many bytes, the first so many times. */
  cutBlobs?: { times: number; afterBytes: number };
  /** Answers 429 the first so many times. */
  rateLimit?: { times: number; retryAfter: string };
  /** Knows no ranges. */
  ignoreRange?: boolean;
  /** Sends other bytes of the same length for blobs of more than 1000 bytes. */
  tamper?: boolean;
  /** Every answer is this status. */
  status?: number;
}

export interface FakeRegistry {
  /** `127.0.0.1:port` */
  host: string;
  /** Method, path and range of each request. */
  requests: string[];
  close(): Promise<void>;
}

const TOKEN = 'token-of-the-fake';

export async function startFakeRegistry(layout: string, misbehaviour: Misbehaviour = {}): Promise<FakeRegistry> {
  const left = { cuts: misbehaviour.cutBlobs?.times ?? 0, limits: misbehaviour.rateLimit?.times ?? 0 };
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push([request.method, request.url, request.headers.range].filter(Boolean).join(' '));
    answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', `http://${host}`);
    if (misbehaviour.status !== undefined) return void response.writeHead(misbehaviour.status).end();
    if (url.pathname === '/token') return token(request, response);
    if (misbehaviour.login !== undefined && request.headers.authorization !== `Bearer ${TOKEN}`) {
      const challenge = `Bearer realm="http://${host}/token",service="fake",scope="repository:x:pull"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    if (left.limits > 0) {
      left.limits--;
      return void response.writeHead(429, { 'retry-after': misbehaviour.rateLimit?.retryAfter ?? '0' }).end();
    }
    const [, kind, version = ''] = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname) ?? [];
    const digest = kind === 'manifests' && !version.startsWith('sha256:') ? await digestOfTag(version) : version;
    const bytes = digest === undefined ? undefined : await blob(digest);
    if (bytes === undefined) return void response.writeHead(404).end('{"errors":[]}');
    if (kind === 'manifests') {
      return void response
        .writeHead(200, { 'docker-content-digest': digest, 'content-length': bytes.length })
        .end(bytes);
    }
    sendBlob(request, response, misbehaviour.tamper && bytes.length > 1000 ? Buffer.alloc(bytes.length, 7) : bytes);
  }

  function token(request: IncomingMessage, response: ServerResponse): void {
    const { username, password } = misbehaviour.login ?? {};
    const wanted = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    if (request.headers.authorization !== wanted) return void response.writeHead(401).end();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token: TOKEN }));
  }

  function sendBlob(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
    const start = misbehaviour.ignoreRange ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const part = bytes.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': part.length });
    const { afterBytes = 0 } = misbehaviour.cutBlobs ?? {};
    if (left.cuts > 0 && part.length > afterBytes) {
      left.cuts--;
      response.write(part.subarray(0, afterBytes), () => setTimeout(() => response.destroy(), 50));
    } else response.end(part);
  }

  const blob = (digest: string) =>
    readFile(join(layout, 'blobs', 'sha256', digest.replace('sha256:', ''))).catch(() => undefined);
  async function digestOfTag(tag: string): Promise<string | undefined> {
    const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
      manifests: { digest: string; annotations: Record<string, string> }[];
    };
    return index.manifests.find((one) => one.annotations['org.opencontainers.image.ref.name'] === tag)?.digest;
  }

  return {
    host,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
