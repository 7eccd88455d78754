import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { createImageStore } from '../../src/environment/oci/image-store.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { CONTRACT_SPEC, describeSandboxContract } from '../contracts/sandbox-contract.ts';
import { rootArchive } from '../support/engine-image.ts';
import { writeLayout } from '../support/image-builder.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-native-image-'));
chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
afterAll(() => rmSync(home, { recursive: true, force: true }));
const paths = assayPaths(home);
const make = () => createNativeBackend({ paths, tier: 'helper', images: createImageStore({ paths }) });
const layout = join(home, 'layout');

const backend = make();
const probe = await backend.probe();
await backend.close();
const archive = await rootArchive().catch((error: Error) => error);
const problem = probe.available ? (archive instanceof Error ? archive.message : undefined) : probe.notes.join(' ');
if (problem === undefined && typeof archive === 'string') {
  const layers = [readFileSync(archive)];
  const compress = (tar: Buffer) => tar;
  await writeLayout(layout, 'root', [{ layers, compress }]);
  await writeLayout(layout, 'other', [{ layers, compress, config: { User: 'games:users' } }]);
}

describeRequiring('unpacking', problem, 'native sandboxes on images', () => {
  describeSandboxContract('native, helper tier, on an image', make, { kind: 'image', reference: `oci:${layout}:root` });

  const inside = async (tag: string, script: string) => {
    const mine = make();
    const sandbox = await mine.create({ ...CONTRACT_SPEC, base: { kind: 'image', reference: `oci:${layout}:${tag}` } });
    const { stdout } = await exec(sandbox, ['bash', '-c', script], { stderr: 'merge' });
    await mine.close();
    return stdout.toString();
  };

  test('nothing of the host is seen but names', async () => {
    expect(
      await inside('root', 'ls -d /usr/include/node /home/agent 2>&1; cat /etc/hosts | grep -c localhost'),
    ).toMatch(/No such file.*\n.*No such file.*\n[1-9]/);
  });

  test('/sys tells of the machine, cannot be written to, and hides what is the host’s own; in forks too', async () => {
    const mine = make();
    try {
      for (const network of ['none', 'host'] as const) {
        const reference = `oci:${layout}:root`;
        const sandbox = await mine.create({ ...CONTRACT_SPEC, network, base: { kind: 'image', reference } });
        const script =
          'cat /sys/devices/system/cpu/online; ls -A /sys/firmware /sys/fs/cgroup | grep -v :; find /sys -maxdepth 4 -type f -writable | head -1; touch /sys/x';
        const seen = /^[\d,-]+\n\s*touch: .*Read-only file system\n$/;
        for (const one of [sandbox, ...(await sandbox.fork())]) {
          const { stdout } = await exec(one, ['bash', '-c', script], { stderr: 'merge' });
          expect(stdout.toString(), network).toMatch(seen);
        }
      }
    } finally {
      await mine.close();
    }
  });

  test.runIf(process.getuid?.() === 0)(
    'root of an image can give files away and become others; that ends at the sandbox',
    async () => {
      const script =
        'touch file && chown 33:33 file && stat -c %u:%g file; su nobody -s /bin/sh -c "id -u"; mknod disk b 254 0; mount -t tmpfs none /mnt; grep NoNewPrivs /proc/self/status';
      expect(await inside('root', script)).toMatch(/^33:33\n65534\nmknod: .*\nmount: .*(.|\n)*NoNewPrivs:\t1\n$/);
    },
  );

  test.runIf(process.getuid?.() === 0)(
    "an image's user is who programs run as, without capabilities, in a folder of their own",
    async () => {
      const script =
        'id -un; id -gn; stat -c %U /testbed; touch mine && echo wrote; cat /etc/shadow; grep CapEff /proc/self/status';
      expect(await inside('other', script)).toMatch(
        /^games\nusers\ngames\nwrote\ncat: .*denied\nCapEff:\t0000000000000000\n$/,
      );
    },
  );

  test('an image that nobody has is an error that names it', async () => {
    const mine = make();
    const reference = `oci:${layout}:none`;
    await expect(mine.create({ ...CONTRACT_SPEC, base: { kind: 'image', reference } })).rejects.toMatchObject({
      code: 'image-not-found',
    });
    await mine.close();
  });
});
