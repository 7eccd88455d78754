/** Cases of the sandbox contract about words, streams and ends of processes. They share one sandbox, which each leaves as it found it. */
import { describe, expect, test } from 'vitest';
import type { Sandbox, SandboxProcess } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';

export function describeStreamCases(open: () => Sandbox): void {
  const run = async (argv: readonly string[], options: Parameters<typeof exec>[2] = {}) => {
    const result = await exec(open(), argv, { timeoutSeconds: 60, ...options });
    return { ...result, output: result.stdout.toString() };
  };
  const bash = (script: string, options: Parameters<typeof exec>[2] = {}) => run(['bash', '-c', script], options);

  describe('words', () => {
    test.each([
      ['spaces and quotes', ['a b', '"', "'", '\\', '$HOME', '`id`', '*']],
      ['newlines and tabs', ['a\nb', '\t', '\r']],
      ['nothing at all', ['', 'x', '']],
      ['leading dashes', ['-n', '--', '--help']],
      ['other scripts', ['naïve', '日本語', '🙂']],
    ])('arguments arrive as they are: %s', async (_name, words) => {
      expect((await run(['printf', '%s\\0', ...words])).output.split('\0').slice(0, -1)).toEqual(words);
    });

    test('one argument of 100 kB', async () => {
      expect((await run(['bash', '-c', 'printf %s "$1" | wc -c', 'bash', 'x'.repeat(100_000)])).output).toBe(
        '100000\n',
      );
    });

    test.each([
      ['empty', ''],
      ['several lines', 'a\nb\n'],
      ['an equals sign', 'a=b=c'],
      ['other scripts', '日本語'],
      ['100 kB', 'v'.repeat(100_000)],
    ])('variables arrive as they are: %s', async (_name, value) => {
      expect((await bash('printf %s "$VALUE"', { env: { VALUE: value } })).output).toBe(value);
    });

    test('programs are looked up in the PATH of their own environment', async () => {
      await expect(run(['ls'], { env: { PATH: '/nowhere' } })).rejects.toMatchObject({ code: 'sandbox-spawn-failed' });
      expect((await run(['/bin/sh', '-c', 'echo $PATH'], { env: { PATH: '/nowhere' } })).output).toBe('/nowhere\n');
    });

    test('a script is started by its first line', async () => {
      await bash(
        'printf "#!/bin/sh\\necho script \\"$1\\"\\n" > script.sh && sed -i "s/script/script \\$1/" script.sh && chmod +x script.sh',
      );
      expect((await run(['./script.sh', 'word'])).output).toContain('script word');
      await bash('rm script.sh');
    });

    test('working directories with odd names, and through a link', async () => {
      const folder = "/testbed/odd 'name\n日本";
      await run(['mkdir', folder]);
      expect((await run(['pwd'], { cwd: folder })).output).toBe(`${folder}\n`);
      await run(['ln', '-s', folder, '/testbed/link']);
      expect((await run(['/bin/pwd', '-P'], { cwd: '/testbed/link' })).output).toBe(`${folder}\n`);
      await run(['rm', '-r', folder, '/testbed/link']);
    });
  });

  describe('streams', () => {
    test('every byte value', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
      expect((await run(['cat'], { input: bytes })).stdout.equals(bytes)).toBe(true);
    });

    test('20 MB of input arrive', async () => {
      expect((await run(['wc', '-c'], { input: Buffer.alloc(20_000_000, 'x') })).output.trim()).toBe('20000000');
    });

    test('a program that does not read all of its input is no error', async () => {
      const result = await run(['head', '-c', '5'], { input: Buffer.alloc(5_000_000, 'x') });
      expect([result.exitCode, result.output]).toEqual([0, 'xxxxx']);
    });

    test('without input, stdin is at its end', async () => {
      expect(await run(['cat'])).toMatchObject({ exitCode: 0, output: '' });
    });

    test('stdout and stderr both large, at the same time', async () => {
      const result = await bash('head -c 8000000 /dev/zero & head -c 8000000 /dev/zero >&2; wait');
      expect([result.stdoutBytes, result.stderrBytes]).toEqual([8_000_000, 8_000_000]);
    });

    test('one line of 1 MB, and no newline at the end', async () => {
      expect((await bash('head -c 1000000 /dev/zero | tr "\\0" a; printf b')).output).toBe(`${'a'.repeat(1_000_000)}b`);
    });

    test('question and answer, many times over one process', async () => {
      const child = await open().spawn(['bash', '-c', 'while read -r line; do echo "got $line"; done']);
      for (let n = 0; n < 50; n++) {
        child.stdin.write(`${n}\n`);
        expect(await nextLine(child)).toBe(`got ${n}`);
      }
      child.stdin.end();
      expect((await child.exit).code).toBe(0);
    });

    test('stdout may be closed long before the process ends', async () => {
      expect(await bash('echo last; exec >&-; sleep 0.5; exit 4')).toMatchObject({ exitCode: 4, output: 'last\n' });
    });

    test('there is no terminal', async () => {
      const result = await bash(
        '[ -t 0 ] || [ -t 1 ] || [ -t 2 ] && echo terminal; (: < /dev/tty) 2>/dev/null && echo tty; true',
      );
      expect(result.output).toBe('');
    });

    test('devices and descriptors that shells use', async () => {
      const script =
        'cat <(echo sub) /dev/stdin <<< here; echo x > /dev/null; head -c 3 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; echo x > /dev/full';
      const result = await bash(script, { stderr: 'merge' });
      expect(result.output).toMatch(/^sub\nhere\n3\n4\n.*No space left/);
    });
  });

  describe('ends', () => {
    test.each([1, 2, 77, 126, 127])('exit code %i', async (code) => {
      expect(await bash(`exit ${code}`)).toMatchObject({ exitCode: code, signal: null });
    });

    test.each(['HUP', 'ABRT', 'KILL', 'SEGV', 'PIPE', 'ALRM', 'TERM'])('signal %s', async (name) => {
      expect(await bash(`kill -${name} $$; sleep 5`)).toMatchObject({ exitCode: null, signal: `SIG${name}` });
    });

    test('a polite signal may be handled', async () => {
      const child = await open().spawn([
        'bash',
        '-c',
        'trap "echo bye; exit 9" TERM; echo up; while :; do sleep 0.05; done',
      ]);
      expect(await nextLine(child)).toBe('up');
      child.kill('SIGTERM');
      expect(await nextLine(child)).toBe('bye');
      expect((await child.exit).code).toBe(9);
    });

    test('what ignores a polite signal ends by a hard one', async () => {
      const child = await open().spawn(['bash', '-c', 'trap "" TERM INT; echo up; while :; do sleep 0.05; done']);
      await nextLine(child);
      child.kill('SIGTERM');
      child.kill('SIGINT');
      const early = await Promise.race([child.exit, new Promise((resolve) => setTimeout(resolve, 300, 'alive'))]);
      expect(early).toBe('alive');
      child.kill('SIGKILL');
      expect((await child.exit).code).toBeNull();
    });

    test('a signal after the end is harmless', async () => {
      const child = await open().spawn(['true']);
      await child.exit;
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) child.kill(signal);
      expect((await bash('echo fine')).output).toBe('fine\n');
    });

    test('a command that takes too long is killed with all it started', async () => {
      const result = await bash('sleep 7654 & sleep 7654', { timeoutSeconds: 0.5 });
      expect(result).toMatchObject({ timedOut: true, exitCode: null });
      await expect
        .poll(async () => (await bash('cat /proc/[0-9]*/cmdline | tr "\\0" " "')).output)
        .not.toContain('sleep 7654 ');
    });

    test('a cancelled command rejects and is gone', async () => {
      const controller = new AbortController();
      const running = bash('sleep 7655', { signal: controller.signal });
      setTimeout(() => controller.abort(), 200);
      await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    });

    test('50 processes one after the other, and 15 at once with input of their own', async () => {
      for (let n = 0; n < 50; n++) expect((await run(['echo', String(n)])).output).toBe(`${n}\n`);
      const texts = Array.from({ length: 15 }, (_, n) => `input ${n}`);
      const outputs = await Promise.all(texts.map((input) => run(['cat'], { input })));
      expect(outputs.map(({ output }) => output)).toEqual(texts);
    });

    test('processes of the machine are not seen', async () => {
      expect((await bash('ls -d /proc/[0-9]* | wc -l')).output.trim()).toMatch(/^\d{1,2}$/);
      expect((await bash('cat /proc/[0-9]*/cmdline | tr "\\0" " "')).output).not.toContain('vitest');
    });
  });
}

/** The next line of stdout, read byte by byte of what is there. */
async function nextLine(child: SandboxProcess): Promise<string> {
  const bytes: Buffer[] = [];
  for (;;) {
    const byte = child.stdout.read(1) as Buffer | null;
    if (byte === null) {
      await new Promise((resolve) => child.stdout.once('readable', resolve));
      continue;
    }
    if (byte[0] === 0x0a) return Buffer.concat(bytes).toString();
    bytes.push(byte);
  }
}
