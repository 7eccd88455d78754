import { expect, test } from 'vitest';
import { FairSlots, type ReleaseSlot } from './fair-slots.ts';

async function taken(request: Promise<ReleaseSlot | null>): Promise<ReleaseSlot> {
  const release = await request;
  if (release === null) throw new Error('a place was expected');
  return release;
}

test('tenants are served in turn, however many requests one of them has', async () => {
  const slots = new FairSlots();
  slots.setCapacity(1);
  const ask = (tenant: string) => slots.acquire({ tenant, tenantLimit: 10, waitMs: 5_000 });
  const first = await taken(ask('greedy'));
  const order: string[] = [];
  const waiting = ['greedy', 'greedy', 'greedy', 'modest', 'third'].map(async (tenant) => {
    const release = await taken(ask(tenant));
    order.push(tenant);
    release();
  });
  expect(slots.state).toEqual({ taken: 1, free: 0, waiting: 5 });
  first();
  await Promise.all(waiting);
  expect(order).toEqual(['greedy', 'modest', 'third', 'greedy', 'greedy']);
  expect(slots.state).toEqual({ taken: 0, free: 1, waiting: 0 });
});

test("a tenant at its own limit waits, and stands in nobody's way", async () => {
  const slots = new FairSlots();
  slots.setCapacity(3);
  const ask = (tenant: string, waitMs: number) => slots.acquire({ tenant, tenantLimit: 1, waitMs });
  const mine = await taken(ask('a', 0));
  const refused = ask('a', 20);
  await taken(ask('b', 0));
  expect(await refused).toBeNull();
  const next = ask('a', 5_000);
  mine();
  mine();
  await taken(next);
  expect(slots.state).toEqual({ taken: 2, free: 1, waiting: 0 });
});
