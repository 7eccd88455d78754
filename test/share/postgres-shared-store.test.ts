import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSharedStore } from '../../src/share/open-shared-store.ts';
import { sharedStoreCases } from '../contracts/shared-store-contract.ts';
import { type PostgresServer, postgresProblem, startPostgres } from '../support/postgres-server.ts';
import { describeRequiring } from '../support/requirements.ts';

describeRequiring('postgres', await postgresProblem(), 'shared store: PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close());

  sharedStoreCases(() => openSharedStore(server.url));

  test('tables are made once, by many that come at once', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => openSharedStore(server.url)));
    await Promise.all(stores.map((store) => store.close()));
  });

  test('a stopped server is out of reach, and reached again by the same client', async () => {
    const store = await openSharedStore(server.url);
    const version = await store.put('outage/key', 'before', null);
    await server.kill('SIGINT');
    await expect(store.put('outage/key', 'during', version)).rejects.toMatchObject({ code: 'store-unreachable' });
    await expect(store.getBytes('outage/bytes')).rejects.toMatchObject({ code: 'store-unreachable', retryable: true });
    await server.start();
    // It takes connections a moment before it answers.
    await expect
      .poll(() => store.get('outage/key').catch(() => null), { timeout: 10_000 })
      .toEqual({ text: 'before', version });
    await store.close();
  });

  test('what cannot be used is refused, and no password is taken or shown', async () => {
    await expect(openSharedStore(`${server.url}-none`)).rejects.toMatchObject({ code: 'config-invalid' });
    const secret = server.url.replace('assay@', 'assay:hunter2@');
    const error: unknown = await openSharedStore(secret).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'usage' });
    expect(String(error)).not.toContain('hunter2');
    const store = await openSharedStore(server.url);
    expect(store.name).not.toContain('assay@');
    await store.close();
  });
});
