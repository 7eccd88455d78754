import { beforeEach, describe, expect, test } from 'vitest';
import { HostSandbox } from '../../../test/support/host-sandbox.ts';
import type { Sandbox, SandboxSpec } from '../../contracts/index.ts';
import { WarmPool } from './warm-pool.ts';

const spec = (workdir: string): SandboxSpec => ({
  base: { kind: 'host' },
  layers: [],
  limits: { memoryBytes: 2 ** 29, pids: 64, cpus: 1, diskBytes: 2 ** 26, wallSeconds: 60 },
  network: 'none',
  env: {},
  workdir,
  labels: { run: String(Math.random()) },
});
const ONE = spec('/one');
const TWO = spec('/two');
const MINUTE = 60_000;

let made: { sandbox: HostSandbox; spec: SandboxSpec }[];
let spare: number;
let failure: Error | undefined;
let errors: unknown[];
let pool: WarmPool;

beforeEach(() => {
  made = [];
  spare = 10;
  failure = undefined;
  errors = [];
  pool = new WarmPool({
    async create(asked) {
      if (failure !== undefined) throw failure;
      const sandbox = new HostSandbox();
      made.push({ sandbox, spec: asked });
      return sandbox;
    },
    spare: () => spare,
    onError: (error) => errors.push(error),
  });
  pool.setSize(2);
  return () => pool.close();
});

/** Asks for it as often as makes it worth it. */
function want(asked: SandboxSpec, now = performance.now()): void {
  for (let time = 0; time < 2; time++) pool.take(asked, now);
  pool.sweep(now);
}

const untilReady = (count: number) => expect.poll(() => pool.state.ready).toBe(count);
const isOver = (sandbox: Sandbox | undefined) =>
  Promise.race([sandbox?.closed.then(() => true), new Promise((resolve) => setTimeout(resolve, 20, false))]);

describe('sandboxes made ahead', () => {
  test('none for what was asked for once; two for what was asked for twice, whatever its labels', async () => {
    pool.take(ONE, performance.now());
    pool.sweep(performance.now());
    await untilReady(0);
    pool.take({ ...ONE, labels: { run: 'other' } }, performance.now());
    pool.sweep(performance.now());
    await untilReady(2);
    expect(made.map((one) => [one.spec.workdir, one.spec.labels])).toEqual(
      Array(2).fill(['/one', { purpose: 'ready' }]),
    );
    expect(made[0]?.spec.limits.wallSeconds).toBe(360);
    expect(pool.take(TWO, performance.now())).toBeUndefined();
    expect(pool.take({ ...ONE, network: 'host' }, performance.now())).toBeUndefined();
  });

  test('each is given to one only, and made again', async () => {
    want(ONE);
    await untilReady(2);
    const taken = Array.from({ length: 5 }, () => pool.take(ONE, performance.now()));
    expect(new Set(taken.filter((one) => one !== undefined)).size).toBe(2);
    expect(pool.state).toMatchObject({ given: 2, missed: 5 });
    pool.sweep(performance.now());
    await untilReady(2);
    expect(taken).not.toContain(pool.take(ONE, performance.now()));
    expect(await isOver(taken[0])).toBe(false);
  });

  test('one that died is not given away', async () => {
    want(ONE);
    await untilReady(2);
    await Promise.all(made.map(({ sandbox }) => sandbox.destroy()));
    expect(pool.take(ONE, performance.now())).toBeUndefined();
  });

  test('they take spare places only, and go where a place is needed: those not asked for lately first', async () => {
    want(ONE);
    await untilReady(2);
    spare = 3;
    want(TWO);
    await untilReady(3);
    spare = 1;
    await pool.shrink(1);
    expect(pool.state.ready).toBe(1);
    expect(pool.take(ONE, performance.now())).toBeUndefined();
    expect(pool.take(TWO, performance.now())).toBeDefined();
  });

  test('old ones go, and all of what nobody asks for any more', async () => {
    const now = performance.now();
    want(ONE, now);
    await untilReady(2);
    pool.sweep(now + 6 * MINUTE);
    await expect.poll(() => made.length).toBe(4);
    expect(await isOver(made[0]?.sandbox)).toBe(true);
    await untilReady(2);
    pool.sweep(now + 11 * MINUTE);
    await untilReady(0);
    expect(await isOver(made[3]?.sandbox)).toBe(true);
  });

  test('what cannot be made is told once, not tried every second', async () => {
    failure = new Error('no room');
    want(ONE);
    await expect.poll(() => errors).toEqual([failure]);
    pool.sweep(performance.now());
    await pool.close();
    expect(errors).toHaveLength(1);
  });

  test('with size 0 nothing is made and nothing is counted', async () => {
    pool.setSize(0);
    want(ONE);
    await untilReady(0);
    expect(pool.state).toEqual({ ready: 0, given: 0, missed: 0 });
  });

  test('those on a layer that goes end, and no more are made on it', async () => {
    const layer = { digest: `sha256:${'a'.repeat(64)}` };
    want({ ...ONE, layers: [layer] });
    await untilReady(2);
    await pool.dropLayer(layer.digest);
    expect(await Promise.all(made.map(({ sandbox }) => isOver(sandbox)))).toEqual([true, true]);
    pool.sweep(performance.now());
    await untilReady(0);
    expect(made).toHaveLength(2);
  });
});
