/** What programs of a sandbox that took the place of find and tar can do to the machine that asks them. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterAll, afterEach, expect, test } from 'vitest';
import { HostSandbox } from '../../../test/support/host-sandbox.ts';
import { LayerArchives } from './layer-archives.ts';
import { takeLayer } from './sandbox-layers.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-layers-'));
const scripts = mkdtempSync(join(tmpdir(), 'assay-layer-scripts-'));
const sandboxes: HostSandbox[] = [];
afterEach(async () => {
  for (const sandbox of sandboxes.splice(0)) await sandbox.destroy();
});
afterAll(() => {
  for (const folder of [home, scripts]) rmSync(folder, { recursive: true, force: true });
});

/** Answers the programs of this name by these scripts. */
function sandboxWith(programs: Readonly<Record<string, string>>) {
  const sandbox = new HostSandbox();
  sandboxes.push(sandbox);
  return ([program = '']: readonly string[]) => {
    const script = programs[program];
    if (script === undefined) throw new Error(`nobody expected ${program}`);
    return sandbox.spawn(['/bin/sh', '-c', script]);
  };
}

const layerOf = (programs: Readonly<Record<string, string>>) =>
  takeLayer({
    start: sandboxWith({ cat: 'cat /proc/self/mountinfo', find: 'true', ...programs }),
    archives: new LayerArchives(home),
    before: new Map(),
    sinceNs: 0n,
    diskBytes: 1_000_000,
  });

test('an archive without end is not stored', async () => {
  const archive = pack();
  archive.entry({ name: 'empty' }, '');
  archive.finalize();
  const header = (await buffer(archive)).subarray(0, 512);
  const place = join(scripts, 'headers');
  writeFileSync(place, Buffer.concat(Array.from({ length: 1_000 }, () => header)));
  await expect(layerOf({ tar: `while :; do cat '${place}'; done` })).rejects.toMatchObject({
    code: 'sandbox-create-failed',
    retryable: false,
    message: expect.stringContaining('larger than 4000000 bytes'),
  });
  expect(readdirSync(home)).toEqual([]);
});

test('what is no archive is not stored', async () => {
  await expect(layerOf({ tar: 'yes' })).rejects.toMatchObject({
    code: 'sandbox-create-failed',
    message: expect.stringContaining('as an archive'),
  });
  expect(readdirSync(home)).toEqual([]);
});

test('of complaints without end only a part is kept', async () => {
  const tar = 'head -c 10240 /dev/zero; yes complaint | head -c 50000000 >&2; exit 2';
  await expect(layerOf({ tar })).rejects.toMatchObject({
    code: 'sandbox-create-failed',
    message: expect.stringMatching(
      /read its changes \(2\): (mplaint|omplaint|complaint|plaint|laint|aint|int|nt|t|\s)+/,
    ),
  });
});
