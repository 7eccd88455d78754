import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HostSandbox } from '../../../test/support/host-sandbox.ts';
import type { LayerRef, SandboxUsage } from '../../contracts/index.ts';
import { Holdings } from './holdings.ts';
import { LayerDesk } from './layer-desk.ts';

const MEGABYTE = 1024 ** 2;
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

class LayeredSandbox extends HostSandbox {
  private readonly written: number | null;
  private readonly letter: string;

  constructor(letter: string, written: number | null) {
    super();
    this.letter = letter;
    this.written = written;
  }

  override async usage(): Promise<SandboxUsage> {
    return { ...(await super.usage()), writtenBytes: this.written };
  }

  override async snapshot(): Promise<LayerRef> {
    await this.destroy();
    return { digest: digest(this.letter) };
  }
}

let home: string;
let inUse: Set<string>;
let removed: string[];
let holdings: Holdings;
let desk: LayerDesk;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'assay-layers-'));
  inUse = new Set();
  removed = [];
  holdings = new Holdings(home);
  const removeLayer = async (layer: LayerRef) => {
    await sleep(50);
    if (!inUse.has(layer.digest)) removed.push(layer.digest);
    return !inUse.has(layer.digest);
  };
  desk = new LayerDesk({ backend: { removeLayer }, holdings });
  desk.setMost(10 * MEGABYTE);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Whether a start may have them now. */
function takes(layers: readonly LayerRef[]): boolean {
  try {
    desk.pins.pin(layers)();
    return true;
  } catch {
    return false;
  }
}

async function make(owner: string, letter: string, megabytes: number | null): Promise<LayerRef> {
  const sandbox = new LayeredSandbox(letter, megabytes === null ? null : megabytes * MEGABYTE);
  try {
    return await desk.make(owner, sandbox);
  } finally {
    await sandbox.destroy();
  }
}

test('layers of a key take no more than they may, also when they are made at once; removing one makes room', async () => {
  const made = await Promise.allSettled([make('one', 'a', 4), make('one', 'b', 4), make('one', 'c', 4)]);
  expect(made.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect(made[2]).toMatchObject({ reason: { status: 507, failure: { code: 'disk-full' } } });
  expect(await make('two', 'd', 10)).toEqual({ digest: digest('d') });
  await desk.remove('one', digest('a'));
  await make('one', 'c', 4);
  expect(await desk.list('one')).toEqual({
    layers: ['b', 'c'].map((letter) => ({ digest: digest(letter), bytes: 4 * MEGABYTE })),
    mostBytes: 10 * MEGABYTE,
  });
});

test('an empty layer counts a little, one that nobody can measure as much as its sandbox may write', async () => {
  await make('one', 'a', 0);
  expect((await desk.list('one')).layers).toEqual([{ digest: digest('a'), bytes: MEGABYTE }]);
  await expect(make('one', 'b', null)).rejects.toMatchObject({ status: 507 });
});

test('a layer goes with the last key that has it, and not while a sandbox stands on it', async () => {
  for (const owner of ['one', 'two']) await make(owner, 'a', 1);
  await expect(desk.remove('three', digest('a'))).rejects.toMatchObject({ status: 404 });
  await desk.remove('one', digest('a'));
  expect(removed).toEqual([]);
  inUse.add(digest('a'));
  await expect(desk.remove('two', digest('a'))).rejects.toMatchObject({ status: 409 });
  expect(await holdings.has('two', digest('a'))).toBe(true);
  inUse.clear();
  await desk.remove('two', digest('a'));
  expect(removed).toEqual([digest('a')]);
  await expect(desk.remove('two', digest('a'))).rejects.toMatchObject({ status: 404 });
});

test('layers of a revoked key go, those of others stay', async () => {
  for (const owner of ['one', 'two']) await make(owner, owner === 'one' ? 'a' : 'b', 1);
  await desk.removeOf(new Set(['one']));
  expect(removed).toEqual([digest('a')]);
  expect((await new Holdings(home).owners()).sort()).toEqual(['two']);
});

test('a layer that a start has taken stays until the sandbox ends; one that is going is taken by none', async () => {
  await make('one', 'a', 1);
  const layers = [{ digest: digest('a') }];
  const sandbox = new LayeredSandbox('x', 0);
  Object.assign(sandbox.spec, { layers });
  const unpin = desk.pins.pin(layers);
  await expect(desk.remove('one', digest('a'))).rejects.toMatchObject({ status: 409 });
  const made = await desk.pins.makeSandbox(layers, async () => sandbox);
  unpin();
  await expect(desk.remove('one', digest('a'))).rejects.toMatchObject({ status: 409 });
  expect(removed).toEqual([]);
  await made.destroy();
  await made.closed;
  const removal = desk.remove('one', digest('a'));
  await expect.poll(() => takes(layers)).toBe(false);
  await removal;
  expect([removed, takes(layers)]).toEqual([[digest('a')], true]);
});

test('a layer of equal content is made before or after a removal, never meanwhile', async () => {
  await make('one', 'a', 1);
  const [removal, again] = await Promise.allSettled([desk.remove('one', digest('a')), make('two', 'a', 1)]);
  expect([removal.status, again.status]).toEqual(['fulfilled', 'fulfilled']);
  expect([await holdings.has('one', digest('a')), await holdings.has('two', digest('a'))]).toEqual([false, true]);
});

test('a key lets go of what another one holds too, whoever stands on it', async () => {
  for (const owner of ['one', 'two']) await make(owner, 'a', 1);
  const unpin = desk.pins.pin([{ digest: digest('a') }]);
  await desk.remove('one', digest('a'));
  expect([removed, await holdings.has('two', digest('a'))]).toEqual([[], true]);
  await expect(desk.remove('two', digest('a'))).rejects.toMatchObject({ status: 409 });
  unpin();
});
