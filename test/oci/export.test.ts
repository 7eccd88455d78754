import { lstatSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AssayPaths, assayPaths } from '../../src/base/paths.ts';
import { removeTree } from '../../src/base/remove-tree.ts';
import { exportImage } from '../../src/environment/oci/export-image.ts';
import { createImageStore } from '../../src/environment/oci/image-store.ts';
import { unpackingProblem } from '../../src/environment/oci/unpacking-problem.ts';
import { layerTar, writeLayout } from '../support/image-builder.ts';
import { describeRequiring } from '../support/requirements.ts';

const layers = [
  layerTar([
    { name: 'etc/', mode: 0o755 },
    { name: 'etc/a', content: 'a', uid: 3, mode: 0o4711 },
    { name: 'etc/b', type: 'link', linkName: 'etc/a' },
    { name: `${'long/'.repeat(30)}\xff`, content: 'odd' },
    { name: 'old/' },
    { name: 'old/x' },
  ]),
  layerTar([{ name: 'etc/.wh.a' }, { name: 'old/', mode: 0o750 }, { name: 'old/.wh..wh..opq' }]),
];
const config = { Env: ['A=1'], WorkingDir: '/srv', User: '5', Entrypoint: ['/x'], Cmd: ['y'] };

describeRequiring('unpacking', await unpackingProblem(), 'exporting images', () => {
  let folder: string;
  let paths: AssayPaths;
  const signal = new AbortController().signal;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'assay-export-'));
    paths = assayPaths(join(folder, 'home'));
  });
  afterEach(() => removeTree(folder));

  const pulled = async () => {
    await writeLayout(join(folder, 'layout'), 'v1', [{ layers, config }]);
    return createImageStore({ paths }).pull(`oci:${join(folder, 'layout')}`, signal);
  };

  test('what was exported and pulled again is the same, as a layout and as a file', async () => {
    const image = await pulled();
    for (const [target, reference] of [
      [join(folder, 'out'), `oci:${join(folder, 'out')}:9`],
      [join(folder, 'out.tar'), `docker-archive:${join(folder, 'out.tar')}:my/app:9`],
    ] as const) {
      await exportImage({ layers: paths.layers, image, target, name: 'my/app:9', signal });
      const other = assayPaths(join(folder, `home-${reference.slice(0, 3)}`));
      const again = await createImageStore({ paths: other }).pull(reference, signal);
      expect({ ...again, digest: '', layers: [] }).toEqual({ ...image, digest: '', layers: [] });
      for (const index of [0, 1]) {
        expect(tree(other, again.layers[index]?.digest)).toEqual(tree(paths, image.layers[index]?.digest));
      }
    }
  });

  test('equal images give equal exports; layers may be put on top; what exists is not overwritten', async () => {
    const image = await pulled();
    const extraLayers = image.layers.slice(0, 1);
    const run = (target: string) =>
      exportImage({ layers: paths.layers, image, extraLayers, target: join(folder, target), name: 'a:b', signal });
    expect((await run('one')).digest).toBe((await run('two')).digest);
    const again = await createImageStore({ paths }).pull(`oci:${join(folder, 'one')}`, signal);
    expect(again.layers).toHaveLength(3);
    expect(again.layers[0]).toEqual(again.layers[2]);
    await expect(run('one')).rejects.toMatchObject({ code: 'usage' });
    expect(readdirSync(folder).filter((name) => name.startsWith('.assay-export'))).toEqual([]);
  });
});

/** Names, kinds, modes, owners, times and contents of a layer. */
function tree(paths: AssayPaths, digest = ''): unknown[] {
  const root = join(paths.layers, digest.slice(7));
  return readdirSync(root, { recursive: true, encoding: 'latin1' }).map((name) => {
    const path = Buffer.from(`${root}/${name}`, 'latin1');
    const { mode, uid, gid, nlink, rdev, mtimeMs } = lstatSync(path);
    const isFile = (mode & 0o170000) === 0o100000;
    const time = isFile ? mtimeMs : 0; // folders that no member names have the time of unpacking
    return { name, mode, uid, gid, nlink, rdev, time, content: isFile ? readFileSync(path, 'latin1') : '' };
  });
}
