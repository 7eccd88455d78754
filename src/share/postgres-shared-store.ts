/**
 * A shared store in two tables of a PostgreSQL database, which are made when they are not there. Bytes lie in rows of a few megabytes. The password and everything else that an URL should not hold come from the
 * environment (`PGPASSWORD`, `PGSSLMODE`, ...) or `~/.pgpass`, as for every client of PostgreSQL.
 */
import type { Pool, PoolClient } from 'pg';
import { AssayError, type SharedStore } from '../contracts/index.ts';
import { checkKey, refusedBy, tooLarge, unreachable } from './shared-key.ts';

const CONNECT_MS = 5_000;
const QUERY_MS = 60_000;
const CONNECTIONS = 4;
const PART_BYTES = 4 * 2 ** 20;
/** Of one attempt: a database is no place for more. */
const MOST_BYTES = 2 ** 30;
/** Any number: whoever makes the tables holds it, as two that make them at once fail. */
const TABLES_LOCK = 4_210_733;

const TABLES = `
  create table if not exists assay_text (key text collate "C" primary key, version bigint not null, text text not null);
  create table if not exists assay_bytes (key text collate "C", part integer, data bytea not null, primary key (key, part));`;

/** `url`: `postgres://USER@HOST:PORT/DATABASE`. Throws `config-invalid` for a database that cannot be used, `store-unreachable`. */
export async function openPostgresSharedStore(url: URL): Promise<SharedStore> {
  const { default: pg } = await import('pg');
  const pool: Pool = new pg.Pool({
    connectionString: url.href,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    keepAlive: true,
  });
  // Of connections that nobody uses just now: the next call meets the same and tells it.
  pool.on('error', () => {});
  const name = `${url.protocol}//${url.host}${url.pathname}`;
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw told(name, error);
    }
  };
  try {
    await ask(() => together(pool, makeTables));
  } catch (error) {
    await pool.end();
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    name,
    get: (key) =>
      ask(async () => {
        const found = await pool.query<{ text: string; version: string }>(
          'select text, version from assay_text where key = $1',
          [checkKey(key)],
        );
        return found.rows[0] ?? null;
      }),
    put: (key, text, ifVersion) =>
      ask(async () => {
        const done = await pool.query<{ version: string }>(
          ifVersion === null
            ? 'insert into assay_text (key, text, version) values ($1, $2, 1) on conflict do nothing returning version'
            : 'update assay_text set text = $2, version = version + 1 where key = $1 and version = $3 returning version',
          [checkKey(key), text, ...(ifVersion === null ? [] : [ifVersion])],
        );
        return done.rows[0]?.version ?? null;
      }),
    versions: (prefix) =>
      ask(async () => {
        // 0 comes right after / in the order of the column.
        const found = await pool.query<{ key: string; version: string }>(
          "select key, version from assay_text where key >= $1 || '/' and key < $1 || '0'",
          [checkKey(prefix)],
        );
        return new Map(found.rows.map(({ key, version }) => [key, version]));
      }),
    putBytes: (key, bytes) =>
      ask(async () => {
        if (bytes.length > MOST_BYTES) throw tooLarge(name, key, bytes.length, MOST_BYTES);
        await together(pool, (client) => writeParts(client, checkKey(key), bytes));
      }),
    getBytes: (key) => ask(() => readParts(pool, checkKey(key))),
    close: () => (closed ??= pool.end()),
  };
}

async function makeTables(client: PoolClient): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [TABLES_LOCK]);
  await client.query(TABLES);
}

async function writeParts(client: PoolClient, key: string, bytes: Buffer): Promise<void> {
  await client.query('delete from assay_bytes where key = $1', [key]);
  for (let part = 0; part === 0 || part * PART_BYTES < bytes.length; part++) {
    const data = bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    await client.query('insert into assay_bytes (key, part, data) values ($1, $2, $3)', [key, part, data]);
  }
}

async function readParts(pool: Pool, key: string): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  for (;;) {
    const found = await pool.query<{ data: Buffer }>('select data from assay_bytes where key = $1 and part = $2', [
      key,
      parts.length,
    ]);
    const data = found.rows[0]?.data;
    if (data === undefined) return parts.length === 0 ? null : Buffer.concat(parts);
    parts.push(data);
  }
}

/** All of it or nothing. */
async function together(pool: Pool, work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
    broken = false;
  } finally {
    client.release(broken); // a connection in the middle of something is not used again
  }
}

/** What PostgreSQL says stands in five characters; the first two are the kind. */
function told(name: string, error: unknown): AssayError {
  if (error instanceof AssayError) return error;
  const { code, message } = error as { code?: unknown; message?: string };
  const what = message || String(code);
  const isAnswer = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code);
  // Lost connections, lack of room or connections, shutdowns, and transactions that met.
  const passing = !isAnswer || /^(08|53|57|40|58|XX)/.test(code);
  return passing ? unreachable(name, what, error) : refusedBy(name, what, error);
}
