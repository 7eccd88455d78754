/** Finds the courier of a journal or starts one. */
import { type ClientRequest, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { newSocketPath, startCompanion } from '../../base/companion-process.ts';
import { withFileLock } from '../../base/file-lock.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { readRecord } from '../../base/read-record.ts';
import { AssayError } from '../../contracts/index.ts';
import { addressSchema } from './courier-protocol.ts';

const START_MS = 20_000;
const LEASE_MS = 5_000;
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
    return (await linkTo(journal)) ?? launch(journal);
  });
}

async function launch(journal: string): Promise<Link> {
  const link = await startCompanion(
    {
      beside: import.meta.url,
      main: './courier-main',
      args: [journal, newSocketPath('assay-courier')],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name))),
      log: join(journal, 'courier.log'),
      startMs: START_MS,
    },
    (pid) => linkTo(journal, pid),
  );
  if (typeof link !== 'string') return link;
  throw new AssayError('internal', `the courier process did not start: ${link}`, {
    class: 'infra',
    retryable: true,
    hint: `Look at the folder ${journal}: it must be writable.`,
  });
}

/** `pid`: only to this process. */
async function linkTo(journal: string, pid?: number): Promise<Link | undefined> {
  const address = await readRecord(join(journal, 'courier.json'), addressSchema);
  if (address === null || (pid !== undefined && address.pid !== pid)) return undefined;
  const lease = await takeLease(address.socket);
  return lease === undefined ? undefined : { ...address, lease };
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
