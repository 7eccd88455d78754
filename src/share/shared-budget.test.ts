import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SharedStore } from '../contracts/index.ts';
import { runKeys } from './account.ts';
import { openFileSharedStore } from './file-shared-store.ts';
import { SharedBudget } from './shared-budget.ts';

const LEASE_MS = 300;
let folder: string;
let store: SharedStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-budget-'));
  store = await openFileSharedStore(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const budgetOf = (owner: string, limitUsd = 10) =>
  new SharedBudget({ store, runId: 'r', owner, limitUsd, leaseMs: LEASE_MS });
/** Heartbeats of these owners, until it is told to stop. Resolves after the first. */
async function keepBeating(owners: readonly string[]): Promise<() => Promise<void>> {
  const over = new AbortController();
  const beat = (owner: string, version: string | null) => store.put(runKeys('r').owner(owner), randomUUID(), version);
  const first = await Promise.all(owners.map((owner) => beat(owner, null)));
  const beating = owners.map(async (owner, index) => {
    for (let version = first[index] ?? null; !over.signal.aborted; await sleep(50))
      version = await beat(owner, version);
  });
  return async () => {
    over.abort();
    await Promise.all(beating);
  };
}

/** Calls that cost less than was set aside for them, until the budget turns them away. */
async function spend(budget: SharedBudget, onReserved: (usd: number) => void): Promise<number> {
  let calls = 0;
  try {
    for (;;) {
      await budget.reserve(1);
      onReserved(1);
      await sleep(Math.random() * 5);
      onReserved(-0.75);
      budget.settle(1, 0.25);
      calls++;
    }
  } catch (error) {
    expect(error).toMatchObject({ code: 'limit-cost', details: { scope: 'run' } });
    return calls;
  }
}

test('several processes together never pass the limit, and use it up', async () => {
  const stopBeating = await keepBeating(['a', 'b', 'c']);
  let out = 0;
  let most = 0;
  const onReserved = (usd: number) => {
    out += usd;
    most = Math.max(most, out);
  };
  const calls = await Promise.all(['a', 'b', 'c'].map((owner) => spend(budgetOf(owner), onReserved)));
  await stopBeating();
  expect(most).toBeLessThanOrEqual(10);
  const total = calls.reduce((sum, one) => sum + one, 0);
  // The last call that fits leaves less than a dollar.
  expect(total * 0.25).toBeGreaterThan(9);
  expect(total * 0.25).toBeLessThanOrEqual(10);
});

test('what a process that is gone had set aside counts as spent, also when it comes back', async () => {
  const gone = budgetOf('gone');
  await gone.reserve(3);
  gone.settle(3, 2);
  await gone.publish();
  await gone.reserve(5);
  const other = budgetOf('other');
  await other.reserve(3);
  other.settle(3, 3);
  await expect(other.reserve(1)).rejects.toMatchObject({ code: 'limit-cost' });
  // The five dollars may have been paid for: the calls were under way when it was killed.
  const again = budgetOf('gone');
  await expect(again.reserve(0.5)).rejects.toMatchObject({ message: expect.stringContaining('$10.0000 are spent') });
});

test('who waits goes on when another process gives money back', async () => {
  const stopBeating = await keepBeating(['a']);
  const [a, b] = [budgetOf('a'), budgetOf('b')];
  await a.reserve(8);
  const waiting = b.reserve(5);
  await sleep(2 * LEASE_MS);
  a.settle(8, 1);
  await waiting;
  await stopBeating();
  const control = new AbortController();
  const never = b.reserve(5, control.signal);
  await sleep(20);
  control.abort();
  await expect(never).rejects.toMatchObject({ code: 'cancelled' });
});

test('a ledger that cannot be read stops the spending', async () => {
  await store.put(runKeys('r').budget, '{"edition":', null);
  await expect(budgetOf('a').reserve(1)).rejects.toMatchObject({ code: 'store-invalid' });
});
