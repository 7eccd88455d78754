/** 200 actions in 20 sandboxes behind a bad network, while connections are cut and the listener is killed and started again. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import type { Sandbox } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { createRemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { describeRequiring } from '../support/requirements.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { isAlive, ListenerProcess } from './listener-process.ts';
import { SPEC } from './serve-bench.ts';
import { openSlowLink, type SlowLink, slowLinkProblem } from './slow-link.ts';

const spec = { ...SPEC, limits: { ...SPEC.limits, wallSeconds: 3_600 } };
const SANDBOXES = 20;
const ACTIONS = 10;
/** Each way: 200 ms there and back. */
const DELAY_SECONDS = 0.1;
const LOSS = 0.02;
const PORT = 8_620;

const native = createNativeBackend({ paths: assayPaths() });
const probe = await native.probe();
await native.close();
const problem = probe.available ? await slowLinkProblem() : probe.notes.join(' ');

describeRequiring('slow-network', problem, 'a bad network', () => {
  let link: SlowLink;
  let server: ListenerProcess;
  let proxy: CuttingProxy;
  beforeAll(async () => {
    link = await openSlowLink(DELAY_SECONDS, LOSS);
    const { host, behind } = link;
    server = new ListenerProcess({ host, port: PORT, holdSeconds: 30, sandbox: 'native' }, undefined, behind);
    proxy = new CuttingProxy({ host, port: PORT });
  });
  afterAll(async () => {
    proxy.close();
    await server.close();
    await link.close();
  });

  test('every action happens once or is told to be unknown, and nothing is left', async () => {
    const apiKey = await server.makeKey();
    await server.start();
    const { pid } = server.keeper;
    // On a busy machine a listener may need long to come up again.
    const backend = createRemoteBackend({ url: await proxy.listen(), apiKey, lostAfterMs: 300_000 });
    const sandboxes = await Promise.all(Array.from({ length: SANDBOXES }, () => backend.create(spec)));
    const trouble = makeTrouble(server, proxy);
    const results = await Promise.all(sandboxes.map(act));
    const kills = await trouble.end();
    const known = results.flat().filter((one) => one === 'known').length;
    for (const [index, sandbox] of sandboxes.entries()) {
      const { stdout, exitCode, sandboxDied } = await exec(sandbox, ['cat', 'ran']);
      expect({ exitCode, sandboxDied }).toEqual({ exitCode: 0, sandboxDied: false });
      const ran = stdout.toString().trim().split('\n');
      expect(new Set(ran).size).toBe(ran.length); // nothing ran twice
      for (const [n, result] of (results[index] ?? []).entries())
        if (result === 'known') expect(ran).toContain(String(n));
    }
    // What was told to be unknown would be honest; here nothing is lost for good, so nothing may be.
    expect(known).toBe(SANDBOXES * ACTIONS);
    expect(proxy.cuts).toBeGreaterThan(SANDBOXES);
    expect(kills).toBeGreaterThanOrEqual(2);
    expect(server.keeper.pid).toBe(pid);
    await backend.close();
    await server.kill();
    await expect.poll(() => leftovers(server.home, pid), { timeout: 120_000, interval: 1_000 }).toEqual([]);
  }, 540_000);
});

/** One action after the other; what each came to. */
async function act(sandbox: Sandbox): Promise<('known' | 'unknown')[]> {
  const results: ('known' | 'unknown')[] = [];
  const input = Buffer.alloc(3_000, 'input ');
  for (let n = 0; n < ACTIONS; n++) {
    const script = `echo ${n} >> ran; cat; sleep 0.2; head -c 5000 /dev/zero; exit ${n}`;
    const { exitCode, stdout, sandboxDied } = await exec(sandbox, ['sh', '-c', script], { input });
    if (!sandboxDied) {
      expect([exitCode, stdout.length]).toEqual([n, 8_000]);
      expect(stdout.subarray(0, input.length).equals(input)).toBe(true);
    }
    results.push(sandboxDied ? 'unknown' : 'known');
  }
  return results;
}

/** Cuts connections every two seconds and kills the listener every six, until it is ended; then the listener runs. Gives the number of kills. */
function makeTrouble(server: ListenerProcess, proxy: CuttingProxy): { end(): Promise<number> } {
  let over = false;
  let kills = 0;
  const cutter = setInterval(() => proxy.cutAll(), 2_000);
  const killing = (async () => {
    while (!over || kills < 2) {
      await sleep(6_000);
      await server.kill();
      kills++;
      await server.start();
    }
  })();
  return {
    async end() {
      over = true;
      clearInterval(cutter);
      await killing;
      return kills;
    },
  };
}

/** Processes, mounts and folders of the server. */
function leftovers(home: string, keeper: number): string[] {
  const left = readdirSync(join(home, 'sandboxes')).map((name) => `folder ${name}`);
  if (isAlive(keeper)) left.push('keeper');
  if (readFileSync('/proc/self/mounts', 'utf8').includes(home)) left.push('mount');
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    if (commandOf(pid).includes(home)) left.push(`process ${pid}`);
  return left;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // it ended while we looked
  }
}
