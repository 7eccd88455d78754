import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { removeTree } from '../../src/base/remove-tree.ts';
import { IMAGE_ID_SHIFT } from '../../src/contracts/index.ts';
import { createImageStore } from '../../src/environment/oci/image-store.ts';
import { unpackingProblem } from '../../src/environment/oci/unpacking-problem.ts';
import { layerTar, writeLayout } from '../support/image-builder.ts';
import { describeRequiring } from '../support/requirements.ts';

/** The user that sandboxes run as. */
const uid = process.getuid?.() === 0 ? IMAGE_ID_SHIFT : undefined;

/** Mounts layers (top first) with a private upper in fresh namespaces, as sandboxes of ordinary users do, and looks around. */
const LOOK = `set -e
mount -t overlay -o "userxattr,lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$2/root"
cd "$2/root"
for name in etc/kept etc/gone old/before old/after replaced/inner both; do [ -e $name ] && echo $name; done
cat etc/kept
echo new > etc/kept && rm old/after && cat etc/kept && ls -A old | wc -l`;

describeRequiring('unpacking', (await unpackingProblem()) ?? overlayProblem(), 'layers of images under overlay', () => {
  test('whiteouts, opaque folders and replaced folders hide what lies below; the sandbox user may write', async () => {
    const folder = workFolder();
    try {
      const layers = [
        layerTar([
          { name: 'etc/kept', content: 'old\n' },
          { name: 'etc/gone', content: 'x' },
          { name: 'old/before', content: 'x' },
          { name: 'replaced/inner', content: 'x' },
          { name: 'both', content: 'x' },
        ]),
        layerTar([
          { name: 'etc/.wh.gone' },
          { name: 'old/' },
          { name: 'old/.wh..wh..opq' },
          { name: 'old/after', content: 'x' },
          { name: '.wh.replaced' },
          { name: 'replaced/' },
        ]),
        layerTar([{ name: 'top' }]),
      ];
      await writeLayout(join(folder, 'layout'), 'v1', [{ layers }]);
      const paths = assayPaths(join(folder, 'home'));
      const image = await createImageStore({ paths }).pull(
        `oci:${join(folder, 'layout')}`,
        new AbortController().signal,
      );
      const lower = image.layers.map(({ digest }) => join(paths.layers, digest.slice(7))).reverse();
      expect(inNamespaces(LOOK, [lower.join(':'), join(folder, 'run')])).toBe(
        'etc/kept\nold/after\nboth\nold\nnew\n0\n',
      );
    } finally {
      await removeTree(folder);
    }
  });
});

function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'assay-overlay-'));
  chmodSync(folder, 0o711);
  for (const name of ['run', 'run/upper', 'run/work', 'run/root']) {
    mkdirSync(join(folder, name));
    if (uid !== undefined) chownSync(join(folder, name), uid, uid);
  }
  return folder;
}

function inNamespaces(script: string, args: readonly string[]): string {
  const argv = ['--user', '--map-root-user', '--mount', '--', 'sh', '-c', script, 'sh', ...args];
  const result = spawnSync('/usr/bin/unshare', argv, uid === undefined ? {} : { uid, gid: uid });
  return result.stdout.toString() + result.stderr.toString();
}

function overlayProblem(): string | undefined {
  const script =
    'cd "$1" && mount -t tmpfs tmpfs . && cd "$1" && mkdir l u w m && mount -t overlay -o userxattr,lowerdir=l,upperdir=u,workdir=w overlay m';
  const said = inNamespaces(script, [tmpdir()]);
  return said === '' ? undefined : `overlay cannot be mounted in a user namespace: ${said.trim()}`;
}
