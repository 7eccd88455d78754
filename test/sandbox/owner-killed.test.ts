import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { createNativeBackend, NATIVE_TIERS, type NativeTier } from '../../src/sandbox/native/native-backend.ts';
import { CONTRACT_SPEC } from '../contracts/sandbox-contract.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-owner-'));
chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
afterAll(() => rmSync(home, { recursive: true, force: true }));

for (const tier of NATIVE_TIERS) {
  const store = join(home, tier);
  const backend = createNativeBackend({ paths: assayPaths(store), tier });
  const probe = await backend.probe();
  await backend.close();
  const problem = probe.available ? undefined : probe.notes.join(' ');
  describeRequiring(tier, problem, `a killed owner, ${tier} tier`, () => ownerTests(store, tier));
}

function ownerTests(store: string, tier: NativeTier): void {
  test('kill -9 of the owner ends its sandboxes; nothing is left but what gc removes', async () => {
    const tag = `assay-orphan-${tier}-${process.pid}`;
    const tsx = createRequire(import.meta.url).resolve('tsx');
    const owner = spawn(process.execPath, [
      '--import',
      tsx,
      join(import.meta.dirname, 'owner-child.ts'),
      store,
      tier,
      tag,
    ]);
    await once(owner.stdout, 'data');
    expect(processesWith(tag).length).toBeGreaterThanOrEqual(2);
    owner.kill('SIGKILL');
    await until(() => processesWith(tag).length === 0 && processesWith(store).length === 0);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(store);
    const backend = createNativeBackend({ paths: assayPaths(store), tier });
    expect((await backend.gc()).sandboxes).toBeGreaterThanOrEqual(1);
    expect(readdirSync(join(store, 'sandboxes'))).toEqual([]);
    expect(readdirSync(join(store, 'layers'))).toEqual([]);
    await backend.close();
  });

  test.runIf(tier === 'helper')(
    'kill -9 of the helper ends its sandboxes; the next one gets a new helper',
    async () => {
      const backend = createNativeBackend({ paths: assayPaths(store), tier });
      const first = await backend.create(CONTRACT_SPEC);
      const child = await first.spawn(['sleep', '600']);
      const [helper] = processesWith(join(store, 'native')).filter((pid) => parentOf(pid) === process.pid);
      process.kill(helper ?? 0, 'SIGKILL');
      expect((await first.closed).reason).toBe('died');
      expect((await child.exit).sandboxDied).toBe(true);
      const second = await backend.create(CONTRACT_SPEC);
      expect((await exec(second, ['echo', 'again'])).stdout.toString()).toBe('again\n');
      await backend.close();
      expect(readdirSync(join(store, 'sandboxes'))).toEqual([]);
    },
  );
}

function processesWith(word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/cmdline`).includes(word))
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1]);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // it ended while we looked
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the condition did not come true within 10 s');
}
