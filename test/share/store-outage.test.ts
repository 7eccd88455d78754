import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SharedStore } from '../../src/contracts/index.ts';
import { openSharedStore } from '../../src/share/open-shared-store.ts';
import type { KillableServer } from '../support/killable-server.ts';
import { type PostgresServer, postgresProblem, startPostgres } from '../support/postgres-server.ts';
import { describeRequiring } from '../support/requirements.ts';
import { type S3Server, s3Problem, startS3 } from '../support/s3-server.ts';
import { comparableAttempts, LEASE_MS, sharedRunWorld } from '../support/shared-run.ts';
import { withEnvironment } from '../support/with-environment.ts';

const postgresProblemNow = await postgresProblem();
const IDS = Array.from({ length: 8 }, (_, index) => `task-${index}`);

/** Two processes work, the server of their store is killed for longer than a lease and started again. */
function outageCase(server: () => KillableServer, open: () => Promise<SharedStore>): void {
  test('a store that is killed and started again: nothing is lost, nothing is paid twice', async () => {
    const world = await sharedRunWorld(IDS, open);
    try {
      const [a, b] = [await world.join('a'), await world.join('b')];
      for (const one of [a, b]) one.model.before = () => sleep(60);
      const both = Promise.all([a.work(), b.work()]);
      while (a.model.paid.size + b.model.paid.size < 6) await sleep(10);
      await server().kill();
      await sleep(2 * LEASE_MS);
      await server().start();
      const [ofA, ofB] = await both;
      expect([ofA.status, ofB.status]).toEqual(['completed', 'completed']);
      expect(ofA.attempts.filter((one) => one.report?.resolved === true)).toHaveLength(IDS.length);
      expect(comparableAttempts(ofA)).toEqual(comparableAttempts(ofB));
      expect([ofA.aside, ofB.aside]).toEqual([undefined, undefined]);
      expect(a.model.paid.size + b.model.paid.size).toBe(IDS.length * 4);
      const notes = [...a.seen, ...b.seen].flatMap((event) => (event.type === 'note' ? event.message : []));
      expect(notes).toContainEqual(expect.stringMatching(/cannot be reached: .*results wait/));
    } finally {
      await world.cleanUp();
    }
  });
}

describeRequiring('postgres', postgresProblemNow, 'an outage of PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close());
  outageCase(
    () => server,
    () => openSharedStore(server.url),
  );
});

describeRequiring('s3', s3Problem(), 'an outage of S3', () => {
  let server: S3Server;
  let restore: () => void;
  beforeAll(async () => {
    server = await startS3();
    restore = withEnvironment(server.env);
  });
  afterAll(async () => {
    restore();
    await server.close();
  });
  outageCase(
    () => server,
    () => openSharedStore(`s3://${server.bucket}/outage`),
  );
});
