/** A PostgreSQL cluster of its own on loopback, from Debian's packages. It refuses to run as root, so root lends it to the user that Debian made for it. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { type KillableServer, killableServer } from './killable-server.ts';

const DEBIAN = '/usr/lib/postgresql';
/** At ten a second. */
const MOST_TRIES = 600;

export async function postgresProblem(): Promise<string | undefined> {
  if ((await programs()) === undefined) return 'there is no PostgreSQL server (Debian package postgresql)';
  if (process.getuid?.() === 0 && identity() === undefined) return 'root needs a user named postgres to run the server';
  return undefined;
}

export interface PostgresServer extends KillableServer {
  /** Without a password: loopback is trusted. */
  url: string;
  close(): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-postgres-'));
  const owner = process.getuid?.() === 0 ? identity() : undefined;
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
  await chmod(folder, 0o700);
  const bin = (await programs()) ?? '';
  const data = join(folder, 'data');
  const initial = ['-D', data, '-U', 'assay', '-A', 'trust', '-N', '--locale=C', '-E', 'UTF8'];
  const made = spawnSync(join(bin, 'initdb'), initial, { ...owner, cwd: folder, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr || made.error?.message}`);
  const port = await freePort();
  const settings = { fsync: 'off', listen_addresses: '127.0.0.1', unix_socket_directories: '', shared_buffers: '16MB' };
  const set = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = killableServer([join(bin, 'postgres'), '-D', data, '-p', String(port), ...set], port, {
    ...owner,
    cwd: folder,
  });
  // It takes connections before it answers: it says then that it is starting up.
  const isReady = () => spawnSync(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]).status === 0;
  const start = async () => {
    await server.start();
    for (let tries = 0; !isReady(); tries++) {
      if (tries > MOST_TRIES) throw new Error('PostgreSQL takes connections and does not become ready');
      await sleep(100);
    }
  };
  await start();
  return {
    ...server,
    start,
    url: `postgres://assay@127.0.0.1:${port}/postgres`,
    async close() {
      await server.kill('SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Folder of the server's programs. */
async function programs(): Promise<string | undefined> {
  const versions = await readdir(DEBIAN).catch(() => []);
  const newest = versions.sort((a, b) => Number(b) - Number(a));
  return newest.map((version) => join(DEBIAN, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
}

function identity(): { uid: number; gid: number } | undefined {
  const [uid, gid] = ['-u', '-g'].map((which) => spawnSync('id', [which, 'postgres'], { encoding: 'utf8' }));
  if (uid?.status !== 0 || gid?.status !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}
