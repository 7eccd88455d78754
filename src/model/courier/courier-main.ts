/**
 * The courier: a small process of its own that makes the model calls of one run, so that a killed run loses no reply it paid for. `docs/models.md` tells the protocol;
 * `docs/decisions/2026-11-20-courier.md` why.
 *
 * Arguments: journal folder, socket path. It ends by itself when no client holds a lease and nothing is in flight.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { Delivery, type JournalEntry, journalEntrySchema } from './delivery.ts';

const IDLE_MS = 5_000;
const REQUEST_LIMIT_MS = 60 * 60_000;

const [journal = '', socket = ''] = process.argv.slice(2);
const inFlight = new Map<string, Delivery>();
let leases = 0;
let lastUse = Date.now();

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * Makes the call itself. Whatever a 2xx answer brought is in the journal before the end is told; `settled` is called right before that, so that a
 * client that asks again after a failure is not given the failure again.
 */
async function carry(delivery: Delivery, file: string, target: Target, settled: () => void): Promise<void> {
  let success = false;
  let end: [complete: boolean, error?: string];
  try {
    await writeFileAtomic(`${file}.sent`, '');
    const response = await fetch(target.url, {
      method: target.method,
      headers: target.headers,
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
      ...(target.body.length === 0 ? {} : { body: new Uint8Array(target.body) }),
    });
    success = response.ok;
    const headers = Object.fromEntries(response.headers);
    for (const name of ['content-encoding', 'content-length', 'transfer-encoding', 'connection']) delete headers[name];
    delivery.head(response.status, headers);
    if (response.body !== null)
      for await (const chunk of response.body) delivery.data(Buffer.from(chunk as Uint8Array));
    if (success) await writeFileAtomic(`${file}.json`, JSON.stringify(delivery.entry(true)), 0o600);
    end = [true];
  } catch (error) {
    end = [
      false,
      error instanceof Error
        ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}`
        : String(error),
    ];
    if (success) await writeFileAtomic(`${file}.json`, JSON.stringify(delivery.entry(false)), 0o600).catch(() => {}); // a full disk: the answer is told as broken
  }
  await rm(`${file}.sent`, { force: true });
  settled();
  delivery.end(...end);
}

interface Target {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: Buffer;
}

async function journaled(file: string): Promise<JournalEntry | undefined> {
  const text = await readFile(`${file}.json`, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : journalEntrySchema.parse(JSON.parse(text));
}

async function handleCall(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const given = JSON.parse(Buffer.from(String(request.headers['x-assay-call'] ?? ''), 'base64').toString()) as {
    key: string;
    url: string;
    method: string;
    headers: Record<string, string>;
  };
  const body = await readBody(request);
  const name = createHash('sha256').update(`${given.key}\0`).update(body).digest('hex');
  const file = join(journal, name);
  const stored = await journaled(file);
  if (stored !== undefined) {
    response.writeHead(200, {
      'x-assay-status': String(stored.status),
      'x-assay-headers': encode(stored.headers),
      'x-assay-source': 'journal',
    });
    response.write(Buffer.from(stored.body, 'base64'));
    if (stored.complete) response.end();
    else response.destroy();
    return;
  }
  let delivery = inFlight.get(name);
  const maybePaidTwice = delivery === undefined && existsSync(`${file}.sent`);
  if (delivery === undefined) {
    delivery = new Delivery();
    inFlight.set(name, delivery);
    void carry(delivery, file, { ...given, body }, () => {
      inFlight.delete(name);
      lastUse = Date.now();
    });
  }
  relay(delivery, response, maybePaidTwice);
}

/** Passes the answer on as it comes; a connection to the provider that broke breaks this one too. */
function relay(delivery: Delivery, response: ServerResponse, maybePaidTwice: boolean): void {
  const listener = {
    head(status: number, headers: Record<string, string>) {
      response.writeHead(200, {
        'x-assay-status': String(status),
        'x-assay-headers': encode(headers),
        'x-assay-source': 'live',
        ...(maybePaidTwice ? { 'x-assay-maybe-paid-twice': '1' } : {}),
      });
      response.flushHeaders();
    },
    data(chunk: Buffer) {
      response.write(chunk);
    },
    end(complete: boolean, error?: string) {
      if (complete) response.end();
      else if (!response.headersSent)
        response.writeHead(502, { 'x-assay-error': encode({ message: error ?? 'the connection broke' }) }).end();
      else response.destroy();
    },
  };
  response.on('close', () => delivery.forget(listener));
  delivery.listen(listener);
}

const encode = (value: Record<string, string>) => Buffer.from(JSON.stringify(value)).toString('base64');

const server = createServer((request, response) => {
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
  handleCall(request, response).catch((error: unknown) => {
    if (response.headersSent) response.destroy();
    else
      response
        .writeHead(500, {
          'x-assay-error': encode({ message: error instanceof Error ? error.message : String(error) }),
        })
        .end();
  });
});

process.on('SIGHUP', () => {});
process.on('SIGINT', () => {}); // Ctrl-C goes to the whole terminal group; the courier finishes what was paid for
await mkdir(journal, { recursive: true, mode: 0o700 });
server.listen(socket, () => {
  writeFileAtomic(join(journal, 'courier.json'), JSON.stringify({ pid: process.pid, socket }), 0o600).catch(() =>
    process.exit(1),
  );
});
setInterval(() => {
  if (leases > 0 || inFlight.size > 0 || Date.now() - lastUse < IDLE_MS) return;
  server.close();
  rm(dirname(socket), { recursive: true, force: true }).finally(() => process.exit(0));
}, 500);
