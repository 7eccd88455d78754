/**
 * The contract of `SandboxBackend` as tests. Every backend and tier runs it:
 *
 *     describeSandboxContract('native, helper tier', () => createNativeBackend({ paths, tier: 'helper' }));
 */
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sandbox, SandboxBackend, SandboxBase, SandboxProcess, SandboxSpec } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { sandboxFiles } from '../../src/sandbox/files.ts';
import { describeFileCases } from './sandbox-file-cases.ts';
import { describeStreamCases } from './sandbox-stream-cases.ts';

export const CONTRACT_SPEC: SandboxSpec = {
  base: { kind: 'host' },
  layers: [],
  limits: { memoryBytes: 512 * 1024 ** 2, pids: 128, cpus: 2, diskBytes: 64 * 1024 ** 2, wallSeconds: 300 },
  network: 'none',
  env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/home/agent', LANG: 'C.UTF-8' },
  workdir: '/testbed',
};

/**
 * `base`: what the backend's sandboxes stand on; it has bash, git and coreutils. `hostAddress`: an address of this machine that a sandbox with the host's
 * network reaches.
 */
export function describeSandboxContract(
  name: string,
  makeBackend: () => SandboxBackend,
  base: SandboxBase = { kind: 'host' },
  hostAddress = '127.0.0.1',
): void {
  describe(`sandbox contract: ${name}`, () => {
    const contractSpec: SandboxSpec = { ...CONTRACT_SPEC, base };
    let backend: SandboxBackend;
    beforeAll(() => {
      backend = makeBackend();
    });
    afterAll(() => backend.close());

    const using = async <T>(body: (sandbox: Sandbox) => Promise<T>, spec: Partial<SandboxSpec> = {}): Promise<T> => {
      const sandbox = await backend.create({ ...contractSpec, ...spec });
      try {
        return await body(sandbox);
      } finally {
        await sandbox.destroy();
      }
    };
    const bash = async (sandbox: Sandbox, script: string, timeoutSeconds = 30) => {
      const result = await exec(sandbox, ['bash', '-c', script], { stderr: 'merge', timeoutSeconds });
      return { ...result, output: result.stdout.toString() };
    };

    describe('one sandbox', () => {
      let shared: Sandbox;
      beforeAll(async () => {
        shared = await backend.create(contractSpec);
      });
      afterAll(() => shared.destroy());
      describeStreamCases(() => shared);
      describeFileCases(
        () => shared,
        (layers) => backend.create({ ...contractSpec, layers }),
      );
    });

    describe('processes', () => {
      test('exit codes and signals', () =>
        using(async (sandbox) => {
          expect((await bash(sandbox, 'exit 7')).exitCode).toBe(7);
          expect((await bash(sandbox, 'true')).exitCode).toBe(0);
          expect(await bash(sandbox, 'kill -TERM $$')).toMatchObject({ exitCode: null, signal: 'SIGTERM' });
        }));

      test('environment is what the spec and the call say, and nothing of the host', () =>
        using(async (sandbox) => {
          const result = await exec(sandbox, ['/usr/bin/env'], { env: { EXTRA: 'a\nb c', HOME: '/tmp' } });
          const names = [...result.stdout.toString().matchAll(/^(\w+)=/gm)].map((match) => match[1] ?? '');
          const ofShells = ['PWD', 'OLDPWD', 'SHLVL', '_'];
          expect(names.filter((name) => !ofShells.includes(name)).sort()).toEqual(['EXTRA', 'HOME', 'LANG', 'PATH']);
          expect(result.stdout.toString()).toContain('EXTRA=a\nb c\n');
          expect(result.stdout.toString()).toContain('HOME=/tmp\n');
        }));

      test('programs get no descriptor but their own three', () =>
        using(async (sandbox) => {
          // 3 is the folder that ls reads.
          expect((await bash(sandbox, 'ls /proc/self/fd | tr "\\n" " "')).output).toBe('0 1 2 3 ');
        }));

      test('working directory: the default is made and writable, another may be asked for', () =>
        using(async (sandbox) => {
          expect((await bash(sandbox, 'pwd && echo x > file && cat file')).output).toBe('/testbed\nx\n');
          expect((await exec(sandbox, ['pwd'], { cwd: '/usr' })).stdout.toString()).toBe('/usr\n');
        }));

      test('stdin arrives and ends; output of stderr is separate or merged in order', () =>
        using(async (sandbox) => {
          const input = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 256));
          expect((await exec(sandbox, ['cat'], { input })).stdout.equals(input)).toBe(true);
          const script = 'for i in 1 2 3; do echo o$i; echo e$i >&2; done';
          const separate = await exec(sandbox, ['bash', '-c', script]);
          expect([separate.stdout.toString(), separate.stderr.toString()]).toEqual(['o1\no2\no3\n', 'e1\ne2\ne3\n']);
          expect((await bash(sandbox, script)).output).toBe('o1\ne1\no2\ne2\no3\ne3\n');
        }));

      test('what a program printed before anybody read is not lost', () =>
        using(async (sandbox) => {
          const child = await sandbox.spawn(['bash', '-c', 'echo out; echo err >&2']);
          await child.exit;
          await new Promise((resolve) => setTimeout(resolve, 100));
          expect([await text(child.stdout), await text(child.stderr)]).toEqual(['out\n', 'err\n']);
        }));

      test('a program that kills everything it can has started, and the sandbox goes on', () =>
        using(async (sandbox) => {
          for (let i = 0; i < 20; i++) {
            const child = await sandbox.spawn(['bash', '-c', 'kill -9 -1; kill -9 $PPID']);
            expect((await child.exit).sandboxDied).toBe(false);
          }
          expect((await bash(sandbox, 'echo on')).output).toBe('on\n');
        }));

      test('what cannot be started is an error that names it', () =>
        using(async (sandbox) => {
          await expect(sandbox.spawn(['no-such-program'])).rejects.toMatchObject({ code: 'sandbox-spawn-failed' });
          await expect(sandbox.spawn(['/etc/passwd'])).rejects.toMatchObject({ code: 'sandbox-spawn-failed' });
          await expect(sandbox.spawn(['/usr'])).rejects.toMatchObject({ code: 'sandbox-spawn-failed' });
          await expect(sandbox.spawn(['true'], { cwd: '/no/such/folder' })).rejects.toMatchObject({
            code: 'sandbox-spawn-failed',
          });
          expect((await bash(sandbox, 'echo fine')).output).toBe('fine\n');
        }));

      test('many at once, each with its own output', () =>
        using(async (sandbox) => {
          const numbers = Array.from({ length: 20 }, (_, index) => index);
          const outputs = await Promise.all(
            numbers.map(async (n) => (await bash(sandbox, `sleep 0.1; echo ${n}`)).output),
          );
          expect(outputs).toEqual(numbers.map((n) => `${n}\n`));
        }));

      test('100 MB of output pass whole, and a reader that stalls blocks nobody else', () =>
        using(async (sandbox) => {
          const stalled = await sandbox.spawn(['bash', '-c', 'head -c 50000000 /dev/zero']);
          stalled.stdout.pause();
          const big = await exec(sandbox, ['bash', '-c', 'head -c 100000000 /dev/zero'], {
            maxBytes: 10,
            timeoutSeconds: 60,
          });
          expect(big).toMatchObject({ exitCode: 0, stdoutBytes: 100_000_000 });
          let bytes = 0;
          for await (const chunk of stalled.stdout) bytes += (chunk as Buffer).length;
          expect(bytes).toBe(50_000_000);
        }));

      test('killing a process ends its descendants, also those that hid in sessions of their own', () =>
        using(async (sandbox) => {
          const child = await sandbox.spawn([
            'bash',
            '-c',
            'setsid sleep 300 & (setsid sleep 301 &) ; trap "" TERM; echo up; sleep 302',
          ]);
          await firstData(child);
          child.kill('SIGKILL');
          expect((await child.exit).code).toBeNull();
          await until(
            async () =>
              !(await bash(sandbox, "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")).output.includes('sleep 30'),
          );
        }));

      test('the end of a process is not delayed by a background child that holds its pipes', () =>
        using(async (sandbox) => {
          const started = Date.now();
          expect((await bash(sandbox, 'sleep 60 & echo done')).output).toBe('done\n');
          expect(Date.now() - started).toBeLessThan(10_000);
        }));
    });

    describe('files and layers', () => {
      test('a snapshot becomes a layer; deletions, opaque folders, modes, links and odd names survive it', async () => {
        const first = await backend.create(contractSpec);
        await bash(
          first,
          `mkdir -p gone kept/sub swap && echo a > gone/file && echo b > kept/sub/file && echo old > swap/old && chmod 751 kept && ln -s kept/sub link &&
           ln kept/sub/file hard && printf x > $'odd\\nname \\xff' && chmod 4755 hard; mkdir -p /opt/tool && echo t > /opt/tool/t; echo tmp > /tmp/not-kept`,
        );
        const bottom = await first.snapshot();
        expect((await first.closed).reason).toBe('destroyed');
        const second = await backend.create({ ...contractSpec, layers: [bottom] });
        expect(
          (
            await bash(
              second,
              'cat gone/file kept/sub/file hard link/file /opt/tool/t; stat -c %a kept hard; readlink link; ls /tmp',
            )
          ).output,
        ).toBe('a\nb\nb\nb\nt\n751\n4755\nkept/sub\n');
        expect(
          (
            await bash(
              second,
              'rm -r gone && rm -r swap && mkdir swap && echo new > swap/new && echo c >> kept/sub/file',
            )
          ).exitCode,
        ).toBe(0);
        const top = await second.snapshot();
        await using(
          async (third) => {
            expect((await bash(third, 'LC_ALL=C ls -b; ls swap; cat kept/sub/file')).output).toBe(
              'hard\nkept\nlink\nodd\\nname\\ \\377\nswap\nnew\nb\nc\n',
            );
            expect(await backend.hasLayer(top)).toBe(true);
            // A layer goes, or stays while a sandbox stands on it: that one keeps its files either way.
            await backend.removeLayer(top);
            expect((await bash(third, 'cat swap/new kept/sub/file')).output).toBe('new\nb\nc\n');
          },
          { layers: [bottom, top] },
        );
        expect([await backend.removeLayer(top), await backend.removeLayer(top)]).toEqual([true, true]);
        expect([await backend.hasLayer(bottom), await backend.hasLayer(top)]).toEqual([true, false]);
        expect(await backend.hasLayer({ digest: `sha256:${'0'.repeat(64)}` })).toBe(false);
      });

      test('equal content gives equal layers', async () => {
        const digests = await Promise.all(
          [1, 2].map(async () => {
            const sandbox = await backend.create(contractSpec);
            await bash(sandbox, 'mkdir d && echo same > d/file && chmod 640 d/file');
            return (await sandbox.snapshot()).digest;
          }),
        );
        expect(digests[0]).toBe(digests[1]);
      });

      test('forks start with the files of now, /tmp included, and nobody sees later changes of another', () =>
        using(async (parent) => {
          await bash(
            parent,
            'mkdir -p d gone swap && echo 1 > d/kept && echo 1 > d/changed && echo x > gone/x && echo old > swap/old && chmod 751 d && echo t > /tmp/t && mkdir -m 700 /tmp/sub && echo n > /tmp/sub/n',
          );
          const running = await parent.spawn(['sleep', '1000']);
          const [left, right] = await parent.fork(2);
          if (left === undefined || right === undefined) throw new Error('two forks were asked for');
          try {
            expect((await running.exit).code).toBeNull();
            const all = [parent, left, right];
            const look = 'cat d/* gone/x swap/*; stat -c %a d /tmp/sub; cat /tmp/t /tmp/sub/n';
            for (const sandbox of all)
              expect((await bash(sandbox, look)).output).toBe('1\n1\nx\nold\n751\n700\nt\nn\n');
            await Promise.all(
              all.map((sandbox, i) =>
                bash(
                  sandbox,
                  `echo ${i} > d/changed && rm -r gone && rm -r swap && mkdir swap && echo ${i} > swap/new && echo ${i} > /tmp/t && rm /tmp/sub/n && echo ${i} > /tmp/own`,
                ),
              ),
            );
            for (const [i, sandbox] of all.entries()) {
              expect((await bash(sandbox, 'cat d/*; ls; cat swap/*; cat /tmp/t /tmp/own; ls /tmp/sub')).output).toBe(
                `${i}\n1\nd\nswap\n${i}\n${i}\n${i}\n`,
              );
            }
          } finally {
            await Promise.all([left, right].map((sandbox) => sandbox.destroy()));
          }
          expect((await bash(parent, 'cat d/changed; mkdir -p more && echo y > more/y && cat more/y')).output).toBe(
            '0\ny\n',
          );
        }));

      test('a fork of a fork, and a snapshot of that: one layer of all changes', async () => {
        const ground = await backend.create(contractSpec);
        await bash(
          ground,
          'mkdir -p a/b c && echo 1 > a/b/1 && echo 1 > a/x && echo 1 > c/1 && ln a/x hard && echo keep > keep',
        );
        const bottom = await ground.snapshot();
        const parent = await backend.create({ ...contractSpec, layers: [bottom] });
        await bash(
          parent,
          'echo 2 > a/b/2 && rm a/b/1 && mkdir fresh && echo 2 > fresh/2 && rm -r c && mkdir c && echo 2 > c/2 && echo 2 > f',
        );
        const [child] = await parent.fork();
        if (child === undefined) throw new Error('one fork was asked for');
        await parent.destroy();
        await bash(
          child,
          'echo 3 > a/b/3 && rm -r fresh && echo 3 > fresh && echo 3 >> c/2 && rm f && mkdir f && echo 3 > f/3',
        );
        const [grandchild] = await child.fork();
        if (grandchild === undefined) throw new Error('one fork was asked for');
        await child.destroy();
        await bash(grandchild, 'rm a/b/2 && rm -r f && echo 4 > a/b/4');
        const look = 'find . -type f | sort | xargs grep -H .; stat -c %h hard';
        const seen = (await bash(grandchild, look)).output;
        expect(seen).toBe('./a/b/3:3\n./a/b/4:4\n./a/x:1\n./c/2:2\n./c/2:3\n./fresh:3\n./hard:1\n./keep:keep\n2\n');
        const { layers } = grandchild.spec;
        const top = await grandchild.snapshot();
        await using(
          async (sandbox) => {
            expect((await bash(sandbox, look)).output).toBe(seen);
          },
          { layers: [...layers, top] },
        );
      });

      test('a count that is no number of forks is refused before anything ends', () =>
        using(async (parent) => {
          const running = await parent.spawn(['cat']);
          for (const count of [0, -1, 1.5, Number.NaN])
            await expect(parent.fork(count)).rejects.toMatchObject({ code: 'usage' });
          running.stdin.end('still here');
          expect(await text(running.stdout)).toBe('still here');
        }));

      test('the disk limit counts what a fork took over', () =>
        using(async (parent) => {
          await bash(parent, 'head -c 40000000 /dev/urandom > big');
          const [child] = await parent.fork();
          if (child === undefined) throw new Error('one fork was asked for');
          try {
            const { writtenBytes } = await child.usage();
            if (child.tier === 'helper') expect(writtenBytes).toBeGreaterThanOrEqual(40_000_000);
            expect((await bash(child, 'head -c 40000000 /dev/urandom > more; echo; stat -c %s big')).output).toContain(
              '40000000',
            );
            if (child.tier !== 'helper') return; // elsewhere what is a layer is not its own
            expect(Number((await bash(child, 'stat -c %s more')).output)).toBeLessThan(28 * 1024 ** 2);
          } finally {
            await child.destroy();
          }
        }));

      test('two sandboxes of one layer do not see each other', async () => {
        const [left, right] = await Promise.all([backend.create(contractSpec), backend.create(contractSpec)]);
        await sandboxFiles(left).write('/testbed/secret', 'left');
        await sandboxFiles(left).write('/tmp/secret', 'left');
        const tag = `sleep 98${Math.floor(Math.random() * 1e6)}`;
        await left.spawn(['bash', '-c', tag]);
        expect(
          (await bash(right, "cat /testbed/secret /tmp/secret; cat /proc/[0-9]*/cmdline | tr '\\0' ' '")).output,
        ).not.toMatch(new RegExp(`left|${tag}`));
        await Promise.all([left.destroy(), right.destroy()]);
      });

      test('the system is there and cannot be changed for others', () =>
        using(async (sandbox) => {
          expect(
            (
              await bash(
                sandbox,
                'ls /usr/bin/env && git --version && test -c /dev/null && test -w /dev/null && test -d /dev/shm && test -w /tmp',
              )
            ).exitCode,
          ).toBe(0);
          expect((await bash(sandbox, 'echo $HOME; mkdir -p $HOME/x && echo ok')).output).toBe('/home/agent\nok\n');
        }));
    });

    describe('limits and ends', () => {
      test('disk', () =>
        using(async (sandbox) => {
          const result = await bash(sandbox, 'head -c 200000000 /dev/zero > big; stat -c %s big');
          expect(Number(result.output.trim().split('\n').at(-1))).toBeLessThanOrEqual(64 * 1024 ** 2);
        }));

      test('memory', () =>
        using(async (sandbox) => {
          const result = await bash(sandbox, 'head -c 2000000000 /dev/zero | tail -c 1500000000 | wc -c');
          expect(result.output).not.toContain('1500000000');
          expect((await bash(sandbox, 'echo alive')).output).toBe('alive\n');
        }));

      test('processes', () =>
        using(async (sandbox) => {
          const result = await bash(sandbox, 'for i in $(seq 400); do sleep 20 & done 2>&1; echo; jobs -p | wc -l', 60);
          expect(result.output).toMatch(/Resource temporarily unavailable|Cannot fork/);
        }));

      test('time: the sandbox ends by itself and says why', async () => {
        const sandbox = await backend.create({
          ...contractSpec,
          limits: { ...contractSpec.limits, wallSeconds: 0.5 },
        });
        const child = await sandbox.spawn(['sleep', '100']);
        expect((await sandbox.closed).reason).toBe('wall-limit');
        expect((await child.exit).sandboxDied).toBe(true);
        await expect(sandbox.spawn(['true'])).rejects.toMatchObject({ code: 'sandbox-died' });
      });

      test('no network but an own loopback, unless the host network is asked for', async () => {
        const server = createServer((socket) => socket.end('reached'));
        await new Promise<void>((resolve) => server.listen(0, hostAddress, resolve));
        const address = server.address();
        const port = typeof address === 'object' && address !== null ? address.port : 0;
        const attempt = (host: string) => `timeout 5 bash -c 'cat < /dev/tcp/${host}/${port}'`;
        await using(async (sandbox) => {
          expect((await bash(sandbox, attempt('127.0.0.1'))).output).not.toContain('reached');
        });
        await using(async (sandbox) => expect((await bash(sandbox, attempt(hostAddress))).output).toBe('reached'), {
          network: 'host',
        });
        server.close();
      });

      test('destroy ends everything, is idempotent, and tells running processes', async () => {
        const sandbox = await backend.create(contractSpec);
        const child = await sandbox.spawn(['bash', '-c', 'trap "" TERM HUP INT; while :; do sleep 0.1; done']);
        await Promise.all([sandbox.destroy(), sandbox.destroy()]);
        expect((await child.exit).sandboxDied).toBe(true);
        expect((await sandbox.closed).reason).toBe('destroyed');
      });

      test('usage is measured', () =>
        using(async (sandbox) => {
          await bash(sandbox, 'head -c 1000000 /dev/zero > file; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done');
          const usage = await sandbox.usage();
          expect(usage.cpuSeconds === null || usage.cpuSeconds >= 0).toBe(true);
          expect(usage.writtenBytes === null || usage.writtenBytes >= 1_000_000).toBe(true);
        }));

      test('pause stops the clock of processes, or says that it cannot', () =>
        using(async (sandbox) => {
          const paused = await sandbox.pause().then(
            () => true,
            (error: { code?: string }) => error.code,
          );
          if (paused !== true) {
            expect(paused).toBe('sandbox-unavailable');
            return;
          }
          await sandbox.resume();
          expect((await bash(sandbox, 'echo on')).output).toBe('on\n');
        }));
    });
  });
}

function firstData(child: SandboxProcess): Promise<void> {
  return new Promise((resolve) => child.stdout.once('data', () => resolve()));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the condition did not come true within 5 s');
}
