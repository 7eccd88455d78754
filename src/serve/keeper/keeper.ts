/**
 * Holds the sandboxes of `assay serve`, their processes and what those printed, in a process apart from the one that listens: a listener that is killed or restarted takes
 * connections with it, and nothing else. Without a listener for too long it ends, and everything with it.
 */
import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { newSocketPath } from '../../base/companion-process.ts';
import { makeFolder } from '../../base/make-folder.ts';
import type { AssayServer } from '../assay-server.ts';
import { expectAddressLines } from '../http/client-address.ts';
import { createControlServer } from './control-server.ts';
import type { KeeperIdentity, KeeperRecord } from './keeper-protocol.ts';

export interface KeeperOptions {
  server: AssayServer;
  identity: KeeperIdentity;
  /** The Assay home. */
  home: string;
  /** Ends it at once. */
  signal: AbortSignal;
}

/** A keeper that holds nothing waits so long for a listener. */
const EMPTY_MS = 10_000;
const LOOK_MS = 250;
/** After a time without a listener, clients have so long to prolong their leases. */
const LEASE_GRACE_MS = 60_000;

/** Where the keeper of this home is to be found. */
export function keeperRecordPath(home: string): string {
  return join(home, 'serve', 'keeper.json');
}

/** Keeps until it is told to end, or nobody wants it any more; resolves when no sandbox lives. Throws, with nothing left open, when it cannot be found by listeners. */
export async function keep({ server, identity, home, signal }: KeeperOptions): Promise<void> {
  const { registry } = server;
  let holdMs = EMPTY_MS;
  let unattendedSince = performance.now();
  registry.leases.hold();
  const control = createControlServer({
    state: () => ({ ...identity, ...registry.state }),
    configure({ holdSeconds, ...settings }) {
      holdMs = holdSeconds * 1000;
      registry.setDraining(false);
      server.configure(settings);
    },
    drain: () => registry.setDraining(true),
    end: () => registry.close(),
    attended: () => registry.leases.release(LEASE_GRACE_MS),
    unattended() {
      registry.leases.hold();
      unattendedSince = performance.now();
    },
  });
  const clients = newSocketPath('assay-serve');
  const record: KeeperRecord = { pid: process.pid, clients, control: join(dirname(clients), 'control') };
  expectAddressLines(server.http);
  const unwanted = () =>
    !control.isAttended && performance.now() - unattendedSince > (registry.isEmpty ? EMPTY_MS : holdMs);
  try {
    await Promise.all([listenAt(server.http, record.clients), listenAt(control.http, record.control)]);
    await makeFolder(dirname(keeperRecordPath(home)));
    await writeFileAtomic(keeperRecordPath(home), JSON.stringify(record), 0o600);
    await until(() => signal.aborted || control.isOver || unwanted());
  } finally {
    await server.close();
    control.http.close();
    control.http.closeAllConnections();
    await rm(dirname(clients), { recursive: true, force: true });
  }
}

function listenAt(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
}

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = setInterval(() => {
      if (!condition()) return;
      clearInterval(look);
      resolve();
    }, LOOK_MS);
  });
}
