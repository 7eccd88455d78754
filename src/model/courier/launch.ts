/** Finds the courier of a journal or starts one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { type ClientRequest, request as httpRequest } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { withFileLock } from '../../base/file-lock.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { readRecord } from '../../base/read-record.ts';
import { AssayError } from '../../contracts/index.ts';
import { addressSchema } from './courier-protocol.ts';

const START_MS = 20_000;
const LEASE_MS = 5_000;
/** A socket path holds at most 107 bytes (sun_path of unix(7), with its end mark 108). */
const SOCKET_PATH_BYTES = 107;
/** What a courier may know of the environment of who started it: no keys. */
const ENVIRONMENT = /^(PATH|HOME|LANG|LC_.*|TZ|TMPDIR|NODE_.*|SSL_CERT_.*|(https?|all|no)_proxy)$/i;

/** A courier that is there, and the connection that keeps it there. */
export interface Link {
  pid: number;
  socket: string;
  lease: ClientRequest;
}

/** One process at a time looks and starts, so that a journal never has two couriers. Throws `internal` with the courier's last words when none comes up. */
export async function launchOrAttach(journal: string): Promise<Link> {
  await makeFolder(journal, 0o700);
  return withFileLock(join(journal, 'courier.lock'), AbortSignal.timeout(2 * START_MS), async () => {
    return (await attach(journal)) ?? launch(journal);
  });
}

async function attach(journal: string): Promise<Link | undefined> {
  const address = await readRecord(join(journal, 'courier.json'), addressSchema);
  if (address === null) return undefined;
  const lease = await takeLease(address.socket);
  return lease === undefined ? undefined : { ...address, lease };
}

async function launch(journal: string): Promise<Link> {
  const log = join(journal, 'courier.log');
  const output = await open(log, 'a', 0o600);
  try {
    const child = spawn(process.execPath, [...loader(), mainFile(), journal, socketPath()], {
      detached: true, // a session of its own: no signal of the terminal, no end with the parent
      stdio: ['ignore', output.fd, output.fd],
      cwd: '/',
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name))),
    });
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? code}`));
    });
    child.unref();
    const link = await Promise.race([appears(journal, child), ended]);
    if (typeof link !== 'string') return link;
    const words = (await readFile(log, 'utf8').catch(() => '')).slice(-500);
    throw new AssayError('internal', `the courier process did not start: ${link} ${words}`.trim(), {
      class: 'infra',
      retryable: true,
      hint: `Look at the folder ${journal}: it must be writable.`,
    });
  } finally {
    await output.close();
  }
}

async function appears(journal: string, child: ChildProcess): Promise<Link | string> {
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(20)) {
    const address = await readRecord(join(journal, 'courier.json'), addressSchema);
    if (address === null || address.pid !== child.pid) continue;
    const lease = await takeLease(address.socket);
    if (lease !== undefined) return { ...address, lease };
  }
  return `nothing was heard of it for ${START_MS / 1000} seconds`;
}

/** In a private folder of its own: run folders may be deep, and socket paths are short. */
function socketPath(): string {
  const name = join('assay-courier-XXXXXX', 'socket');
  const parent = Buffer.byteLength(join(tmpdir(), name)) > SOCKET_PATH_BYTES ? '/tmp' : tmpdir();
  return join(mkdtempSync(join(parent, 'assay-courier-')), 'socket');
}

/** In the source tree the main file is TypeScript and needs the loader; built it is JavaScript beside this file. */
function mainFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./courier-main.${extension}`, import.meta.url));
}

function loader(): string[] {
  if (!import.meta.url.endsWith('.ts')) return [];
  return ['--import', createRequire(import.meta.url).resolve('tsx')];
}

/** A connection that stays open as long as this process lives, or undefined when nobody answers. */
function takeLease(socketPath: string): Promise<ClientRequest | undefined> {
  return new Promise((resolve) => {
    const lease = httpRequest({ socketPath, path: '/lease', agent: false }, (response) => {
      response.on('error', () => {}).resume();
      clearTimeout(timer);
      lease.socket?.unref();
      resolve(lease);
    });
    const timer = setTimeout(() => lease.destroy(), LEASE_MS);
    lease.on('close', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    lease.on('error', () => {}); // `close` follows
    lease.end();
  });
}
