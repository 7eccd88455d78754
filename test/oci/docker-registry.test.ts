import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '../../src/base/digest.ts';
import { assayPaths } from '../../src/base/paths.ts';
import { removeTree } from '../../src/base/remove-tree.ts';
import { exportImage } from '../../src/environment/oci/export-image.ts';
import { createImageStore } from '../../src/environment/oci/image-store.ts';
import { pushImage } from '../../src/environment/oci/push-image.ts';
import { unpackingProblem } from '../../src/environment/oci/unpacking-problem.ts';
import { registryProblem, startDockerRegistry } from '../support/docker-registry.ts';
import { layerTar, pushLayout, writeLayout } from '../support/image-builder.ts';
import { describeRequiring } from '../support/requirements.ts';

const problem = (await registryProblem()) ?? (await unpackingProblem());

describeRequiring('docker-registry', problem, 'a real registry', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-real-registry-'));
  const paths = assayPaths(join(folder, 'home'));
  const layer = layerTar([{ name: 'hello', content: 'from the registry\n' }]);
  const signal = new AbortController().signal;
  let registry: Awaited<ReturnType<typeof startDockerRegistry>>;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    const layout = join(folder, 'layout');
    const images = ['amd64', 'arm64'].map((architecture) => ({ layers: [layer], architecture }));
    const top = await writeLayout(layout, 'v1', images);
    await pushLayout(layout, top, `http://${registry.host}`, 'team/hello', 'v1');
  });
  afterAll(async () => {
    await registry.close();
    await removeTree(folder);
  });

  test('pull by tag and by digest, each platform', async () => {
    const store = createImageStore({ paths });
    const image = await store.pull(`${registry.host}/team/hello:v1`, signal);
    expect(image.layers).toEqual([{ digest: sha256(layer) }]);
    expect(readFileSync(join(paths.layers, sha256(layer).slice(7), 'hello'), 'utf8')).toBe('from the registry\n');
    const other = createImageStore({ paths, platform: process.arch === 'arm64' ? 'linux/amd64' : 'linux/arm64' });
    expect((await other.pull(`${registry.host}/team/hello:v1`, signal)).platform).not.toBe(image.platform);
    const manifest = await fetch(`http://${registry.host}/v2/team/hello/manifests/v1`, {
      headers: { accept: 'application/vnd.oci.image.index.v1+json' },
    });
    const digest = manifest.headers.get('docker-content-digest');
    expect(await store.pull(`${registry.host}/team/hello@${digest}`, signal)).toEqual(image);
  });

  test('a tag or repository that is not there', async () => {
    const store = createImageStore({ paths });
    for (const name of ['team/hello:v2', 'team/none:v1'])
      await expect(store.pull(`${registry.host}/${name}`, signal)).rejects.toMatchObject({ code: 'image-not-found' });
  });

  test('what is pushed can be pulled again, and is not sent twice', async () => {
    const store = createImageStore({ paths });
    const image = await store.pull(`${registry.host}/team/hello:v1`, signal);
    const target = join(folder, 'exported');
    await exportImage({ layers: paths.layers, image, target, name: 'x:1', signal });
    const lines: string[] = [];
    for (const tag of ['one', 'two']) {
      await pushImage(target, `${registry.host}/team/pushed:${tag}`, {
        signal,
        onProgress: (line) => lines.push(line),
      });
    }
    expect(lines).toHaveLength(4);
    const elsewhere = assayPaths(join(folder, 'elsewhere'));
    const pulled = await createImageStore({ paths: elsewhere }).pull(`${registry.host}/team/pushed:two`, signal);
    const [top] = pulled.layers;
    const file = join(elsewhere.layers, top?.digest.slice(7) ?? '', 'hello');
    expect(readFileSync(file, 'utf8')).toBe('from the registry\n');
    await expect(pushImage(target, `127.0.0.1:9/no/registry:x`, { signal, tries: 1 })).rejects.toMatchObject({
      code: 'image-push-failed',
    });
    await expect(pushImage(target, `x@sha256:${'0'.repeat(64)}`, { signal })).rejects.toMatchObject({ code: 'usage' });
  });
});
