/**
 * The courier: a small process of its own that makes the model calls of one run, so that a killed run loses no reply it paid for. `docs/models.md` tells how it works;
 * `docs/decisions/2026-11-20-courier.md` why it is there.
 *
 * Arguments: journal folder, socket path. It ends by itself when no client holds a lease and nothing is in flight, and, when asked by SIGTERM, as soon as nothing is in flight.
 */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { Carrier } from './carrier.ts';
import { createCourierServer } from './courier-server.ts';
import { Journal } from './journal.ts';

const IDLE_MS = 5_000;
const LOOK_MS = 500;

const [folder = '', socket = ''] = process.argv.slice(2);
const carrier = new Carrier(new Journal(folder));
const courier = createCourierServer(carrier);
let told = false;

process.on('SIGHUP', () => {});
process.on('SIGINT', () => {}); // Ctrl-C goes to the whole terminal group; the courier finishes what was paid for
process.on('SIGTERM', () => {
  told = true;
});

await makeFolder(folder, 0o700);
await new Promise<void>((resolve, reject) => courier.server.once('error', reject).listen(socket, resolve));
await writeFileAtomic(join(folder, 'courier.json'), JSON.stringify({ pid: process.pid, socket }), 0o600);

const look = setInterval(() => {
  if (carrier.busy || !(told || (courier.idle && courier.idleMs >= IDLE_MS))) return;
  clearInterval(look);
  courier.server.close();
  courier.server.closeAllConnections();
  void rm(dirname(socket), { recursive: true, force: true }).then(() => process.exit(0));
}, LOOK_MS);
