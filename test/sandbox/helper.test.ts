/** What programs in a sandbox of the helper could do to the processes that watch over them, and what the kernel's limits do to both. */
import { chmodSync, mkdtempSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { removeTree } from '../../src/base/remove-tree.ts';
import type { LayerRef, Sandbox, SandboxSpec } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { hostBase } from '../../src/sandbox/host-base.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { CONTRACT_SPEC } from '../contracts/sandbox-contract.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-helper-'));
chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
const backend = createNativeBackend({ paths: assayPaths(home), tier: 'helper' });
const probe = await backend.probe();
const { tools } = await hostBase();
afterAll(async () => {
  await backend.close();
  await removeTree(home);
});

async function using<T>(body: (sandbox: Sandbox) => Promise<T>, spec: Partial<SandboxSpec> = {}): Promise<T> {
  const sandbox = await backend.create({ ...CONTRACT_SPEC, ...spec });
  try {
    return await body(sandbox);
  } finally {
    await sandbox.destroy();
  }
}

const bash = (sandbox: Sandbox, script: string, timeoutSeconds = 20) =>
  exec(sandbox, ['bash', '-c', script], { stderr: 'merge', timeoutSeconds });

describeRequiring('helper', probe.available ? undefined : probe.notes.join(' '), 'helper tier', () => {
  test('a stopped supervisor does not keep a timeout from working', () =>
    using(async (sandbox) => {
      expect(await bash(sandbox, 'kill -STOP $PPID; sleep 100', 1)).toMatchObject({ timedOut: true });
      expect((await bash(sandbox, 'echo on')).stdout.toString()).toBe('on\n');
    }));

  test('killing the supervisor ends its program and what that had hidden', () =>
    using(async (sandbox) => {
      const script = 'setsid sleep 300 & (setsid sleep 301 &) ; sleep 0.2; kill -9 $PPID; sleep 302';
      expect(await bash(sandbox, script)).toMatchObject({ exitCode: null, signal: 'SIGKILL', sandboxDied: false });
      const left = await bash(sandbox, "sleep 0.5; cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
      expect(left.stdout.toString()).not.toContain('sleep 30');
    }));

  test('the first process and supervisors cannot be looked into', () =>
    using(async (sandbox) => {
      const script =
        'for p in 1 $PPID; do cat /proc/$p/environ; ls /proc/$p/fd /proc/$p/root /proc/$p/cwd; head -c 1 /proc/$p/mem; done';
      const { stdout } = await bash(sandbox, `${script} 2>&1 | grep -v 'ermission denied'`);
      expect(stdout.toString()).toBe('');
    }));

  test.skipIf(tools.python3 === null)('limits of other processes cannot be changed', () =>
    using(async (sandbox) => {
      const program = `import resource\nfor pid in (1,):\n  try:\n    resource.prlimit(pid, resource.RLIMIT_NOFILE, (1, 1)); print('changed')\n  except OSError as e: print('denied')\nresource.prlimit(0, resource.RLIMIT_NOFILE, (100, 100)); print('own')`;
      const result = await exec(sandbox, ['python3', '-c', program]);
      expect(result.stdout.toString()).toBe('denied\nown\n');
    }),
  );

  test('a fork bomb that is timed out leaves the sandbox usable', () =>
    using(async (sandbox) => {
      await bash(sandbox, 'bomb() { bomb | bomb & }; bomb; sleep 60', 2);
      expect((await bash(sandbox, 'echo alive')).stdout.toString()).toBe('alive\n');
    }));

  test('out of memory is counted, and kills the program, not the sandbox', () =>
    using(
      async (sandbox) => {
        expect(
          (await bash(sandbox, 'head -c 700000000 /dev/zero | tail -c 600000000 | wc -c')).stdout.toString(),
        ).not.toContain('600000000');
        const usage = await sandbox.usage();
        if (sandbox.limitsInForce.memory.startsWith('cgroup')) expect(usage.oomKills).toBeGreaterThan(0);
        expect((await bash(sandbox, 'echo alive')).stdout.toString()).toBe('alive\n');
      },
      { limits: { ...CONTRACT_SPEC.limits, memoryBytes: 64 * 1024 ** 2, diskBytes: 16 * 1024 ** 2 } },
    ));

  test('a paused sandbox stands still, and is destroyed like any other', async () => {
    const sandbox = await backend.create(CONTRACT_SPEC);
    if (!sandbox.limitsInForce.memory.startsWith('cgroup')) return sandbox.destroy();
    const child = await sandbox.spawn(['bash', '-c', 'while :; do echo tick; sleep 0.05; done']);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await sandbox.pause();
    let ticks = 0;
    child.stdout.on('data', () => ticks++);
    await new Promise((resolve) => setTimeout(resolve, 100)); // what was on its way
    ticks = 0;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(ticks).toBe(0);
    await sandbox.destroy();
    expect((await child.exit).sandboxDied).toBe(true);
  });

  test('hostile trees freeze without harm: a sparse terabyte, many links, pipes, sockets, deep folders', async () => {
    const sandbox = await backend.create(CONTRACT_SPEC);
    await bash(
      sandbox,
      `truncate -s 1T sparse; printf end | dd of=sparse bs=1 seek=1000000000000 conv=notrunc 2>/dev/null; mkfifo pipe; mkdir links; echo x > links/0; for i in $(seq 300); do ln links/0 links/$i; done
       d=deep; for i in $(seq 100); do mkdir $d; d=$d/deep; done; chmod 000 links; ln -s /etc/passwd link`,
      60,
    );
    const layer = await sandbox.snapshot();
    await using(
      async (next) => {
        const { stdout } = await bash(
          next,
          'tail -c +1000000000001 sparse | head -c 3; du -k sparse | cut -f1; stat -c %a links; ls -p | tr "\\n" " "; test -p pipe && echo fifo; readlink link',
        );
        expect(stdout.toString()).toMatch(/^end\d+\n0\ndeep\/ link links\/ pipe(\|?) sparse fifo\n\/etc\/passwd\n$/);
      },
      { layers: [layer] },
    );
  });

  test('80 layers, or a word about the kernel', async () => {
    const layers: LayerRef[] = [];
    for (let i = 0; i < 80; i++) {
      const sandbox = await backend.create(CONTRACT_SPEC);
      await bash(sandbox, `echo ${i} > file${i}; echo ${i} > same`);
      layers.push(await sandbox.snapshot());
    }
    const created = backend.create({ ...CONTRACT_SPEC, layers });
    if (kernelIsBefore(6, 7)) {
      await expect(created).rejects.toMatchObject({ message: expect.stringMatching(/too many for one overlay/) });
      return;
    }
    const sandbox = await created;
    expect((await bash(sandbox, 'ls | wc -l; cat file0 file79 same')).stdout.toString()).toBe('81\n0\n79\n79\n');
    await sandbox.destroy();
  });

  test('forked again and again, each fork has all that came before', async () => {
    const sandbox = await backend.create(CONTRACT_SPEC);
    for (let i = 0; i < 12; i++) {
      await bash(sandbox, `echo ${i} > file${i}; echo ${i} > same; echo ${i} > /tmp/file${i}`);
      const [fork] = await sandbox.fork();
      if (fork === undefined) throw new Error('no fork');
      expect((await bash(fork, 'ls | wc -l; ls /tmp | wc -l; cat same')).stdout.toString()).toBe(
        `${i + 2}\n${i + 1}\n${i}\n`,
      );
      await fork.destroy();
    }
    await sandbox.destroy();
  });

  test('a sandbox whose disk is full cannot be forked, and lives on', async () => {
    const sandbox = await backend.create(CONTRACT_SPEC);
    const child = await sandbox.spawn(['sleep', '100']);
    await bash(sandbox, 'head -c 200000000 /dev/zero > big; true');
    await expect(sandbox.fork()).rejects.toMatchObject({ message: expect.stringMatching(/no room/) });
    expect((await bash(sandbox, 'rm big; echo on')).stdout.toString()).toBe('on\n');
    const [fork] = await sandbox.fork();
    expect((await child.exit).signal).toBe('SIGKILL');
    await Promise.all([fork?.destroy(), sandbox.destroy()]);
  });

  test('fifty at once', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => backend.create(CONTRACT_SPEC)));
    const outputs = await Promise.all(
      all.map(async (one, index) => (await exec(one, ['echo', String(index)])).stdout.toString()),
    );
    expect(outputs).toEqual(all.map((_, index) => `${index}\n`));
    await Promise.all(all.map((one) => one.destroy()));
  });
});

function kernelIsBefore(major: number, minor: number): boolean {
  const [ours = 0, patch = 0] = release().split('.').map(Number);
  return ours < major || (ours === major && patch < minor);
}
