/** Cases of the sandbox contract about files, links, odd names and layers. The first group shares one sandbox; each case works in a folder of its own. */
import { pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import type { LayerRef, Sandbox } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { sandboxFiles } from '../../src/sandbox/files.ts';

export function describeFileCases(open: () => Sandbox, create: (layers: LayerRef[]) => Promise<Sandbox>): void {
  const bashIn = async (sandbox: Sandbox, script: string) => {
    const result = await exec(sandbox, ['bash', '-c', script], { stderr: 'merge', timeoutSeconds: 60 });
    return result.stdout.toString();
  };
  const bash = (script: string) => bashIn(open(), script);
  const files = () => sandboxFiles(open());

  describe('files', () => {
    test.each([
      'plain',
      'with space',
      "quote's",
      '"double"',
      'new\nline',
      'tab\t',
      '-dash',
      '$HOME',
      '*?[x]',
      'naïve 日本語 🙂',
      '.hidden',
      'n'.repeat(255),
    ])('a file named %j', async (name) => {
      const path = `/testbed/names/${name}`;
      await files().write(path, `content of ${name}`);
      expect((await files().read(path)).toString()).toBe(`content of ${name}`);
      expect(await files().list('/testbed/names', { hidden: true })).toEqual([path]);
      await bash('rm -r /testbed/names');
    });

    test('a name of 256 bytes is an error that says so', async () => {
      const path = `/testbed/${'n'.repeat(256)}`;
      await expect(files().write(path, 'x')).rejects.toMatchObject({ details: { errno: 'ENAMETOOLONG' } });
    });

    test('5 MB of bytes, and nothing', async () => {
      const bytes = Buffer.from(Array.from({ length: 5_000_000 }, (_, index) => (index * 7) % 256));
      await files().write('/testbed/big', bytes);
      expect((await files().read('/testbed/big')).equals(bytes)).toBe(true);
      await files().write('/testbed/big', '');
      expect((await files().read('/testbed/big')).length).toBe(0);
      await bash('rm /testbed/big');
    });

    test('modes are set, and kept by later writes', async () => {
      await files().write('/testbed/modes/run', 'x', { mode: 0o750 });
      await files().write('/testbed/modes/run', 'y');
      expect(await files().stat('/testbed/modes/run')).toMatchObject({ mode: 0o750, size: 1 });
      await bash('rm -r modes');
    });

    test('links out of the tree lead to the files of the sandbox', async () => {
      await bash('ln -s /etc/hostname out; ln -s ../../../../../../etc up; ln -s /nowhere dangling');
      expect(await files().stat('/testbed/dangling')).toBeNull();
      expect(await bash('ls up/hostname up/passwd')).toContain('up/passwd');
      expect(await bash('readlink out; rm out up dangling')).toBe('/etc/hostname\n');
    });

    test('writing through a link changes what it leads to and leaves the link', async () => {
      await bash('mkdir l; echo old > l/target; ln -s target l/link');
      await files().write('/testbed/l/link', 'new');
      expect(await bash('cat l/target; readlink l/link; rm -r l')).toBe('newtarget\n');
    });

    test('8 files written at once', async () => {
      const names = Array.from({ length: 8 }, (_, index) => `/testbed/many/${index}`);
      await Promise.all(names.map((name) => files().write(name, name)));
      const contents = await Promise.all(names.map((name) => files().read(name)));
      expect(contents.map(String)).toEqual(names);
      await bash('rm -r many');
    });

    test('an archive unpacks with its modes', async () => {
      const tar = pack();
      tar.entry({ name: 'a/b/tool', mode: 0o755 }, '#!/bin/sh\necho tool\n');
      tar.entry({ name: 'a/link', type: 'symlink', linkname: 'b/tool' });
      tar.finalize();
      const chunks: Buffer[] = [];
      for await (const chunk of tar) chunks.push(chunk as Buffer);
      await files().putArchive('/testbed/unpacked', Buffer.concat(chunks));
      expect(await bash('unpacked/a/link; rm -r unpacked')).toBe('tool\n');
    });

    test('hard links, named pipes, holes, locks and times work as on any machine', async () => {
      const script = `mkdir w && cd w && echo x > a && ln a b && stat -c %h b && mkfifo p && (echo through > p & cat p) &&
        truncate -s 10M hole && stat -c %s hole && touch -d '2001-02-03 04:05:06 UTC' a && stat -c %Y a && flock a echo locked`;
      expect(await bash(script)).toBe('2\nthrough\n10485760\n981173106\nlocked\n');
      await bash('rm -r w');
    });

    test('folders and files that come with the system may be moved away and changed', async () => {
      expect(await bash('mkdir d1 && echo x > d1/f && mv d1 d2 && cat d2/f && rm -r d2')).toBe('x\n');
      expect(await bash('cp /etc/passwd copy && echo line >> copy && tail -1 copy; rm copy')).toBe('line\n');
    });

    test('git keeps history', async () => {
      const script = `git init -q r && cd r && git config user.email a@b && git config user.name n && echo 1 > f && git add f && git commit -qm one &&
        echo 2 > f && git diff --stat | tail -1 && git stash -q && cat f && git log --format=%s; cd .. && rm -rf r`;
      expect(await bash(script)).toBe(' 1 file changed, 1 insertion(+), 1 deletion(-)\n1\none\n');
    });
  });

  describe('layers', () => {
    const layer = async (layers: LayerRef[], script: string): Promise<LayerRef> => {
      const sandbox = await create(layers);
      await bashIn(sandbox, script);
      return sandbox.snapshot();
    };
    const look = async (layers: LayerRef[], script: string): Promise<string> => {
      const sandbox = await create(layers);
      try {
        return await bashIn(sandbox, script);
      } finally {
        await sandbox.destroy();
      }
    };

    test('four deep, each over the one before; the topmost wins', async () => {
      const layers: LayerRef[] = [];
      for (const n of [1, 2, 3, 4])
        layers.push(await layer(layers, `echo ${n} > top; echo ${n} > only-${n}; rm -f only-${n - 2}`));
      expect(await look(layers, 'cat top; ls')).toBe('4\nonly-3\nonly-4\ntop\n');
      expect(await look(layers.slice(0, 2), 'cat top; ls')).toBe('2\nonly-1\nonly-2\ntop\n');
    });

    test('a folder replaced by a file, a file by a folder, a link by a folder', async () => {
      const bottom = await layer([], 'mkdir a && echo x > a/x && echo y > b && mkdir t && echo z > t/z && ln -s t l');
      const top = await layer(
        [bottom],
        'rm -r a && echo file > a && rm b && mkdir b && echo in > b/in && rm l && mkdir l',
      );
      expect(await look([bottom, top], 'cat a b/in; ls -A l t')).toBe('file\nin\nl:\n\nt:\nz\n');
    });

    test('2,000 files and their bytes', async () => {
      const made = await layer([], 'mkdir m && cd m && for i in $(seq 2000); do echo "content $i" > f$i; done');
      expect(
        await look(
          [made],
          'ls m | wc -l; cat m/f* | sort | sha256sum; for i in $(seq 2000); do echo "content $i"; done | sort | sha256sum',
        ),
      ).toMatch(/^2000\n([0-9a-f]{64} {2}-\n)\1$/);
    });

    test('what a layer holds cannot be changed by those who stand on it', async () => {
      const made = await layer([], 'mkdir d && echo original > d/f');
      await look([made], 'echo changed > d/f; rm -r d; echo new > e');
      expect(await look([made], 'cat d/f; ls')).toBe('original\nd\n');
    });

    test('processes do not survive a snapshot, and nothing can be started afterwards', async () => {
      const sandbox = await create([]);
      const child = await sandbox.spawn(['sleep', '300']);
      await sandbox.snapshot();
      expect((await child.exit).code).toBeNull();
      await expect(sandbox.spawn(['true'])).rejects.toMatchObject({ code: 'sandbox-died' });
    });
  });
}
