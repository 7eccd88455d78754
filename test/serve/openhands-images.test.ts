/** What OpenHands clients ask about images: with registries and engines as doubles, and a build by a real engine where there is one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { AssayError } from '../../src/contracts/index.ts';
import { TAR_END, tarHead, tarPadding } from '../../src/environment/oci/tar-writer.ts';
import { buildImage } from '../../src/sandbox/docker/build-image.ts';
import { createDockerBackend } from '../../src/sandbox/docker/docker-backend.ts';
import { EngineClient } from '../../src/sandbox/docker/engine-client.ts';
import { requireEngine } from '../../src/sandbox/docker/engine-endpoint.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { createRemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import type { ImageDesk } from '../../src/serve/image-desk.ts';
import { engineProblem, engineTestImage } from '../support/engine-image.ts';
import { describeRequiring } from '../support/requirements.ts';
import { GENEROUS, hostBackend, NO_IMAGES, openServeBench, type ServeBench, SPEC } from './serve-bench.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const BUILDER = { scopes: ['sandboxes', 'images'] } as const;

const home = mkdtempSync(join(tmpdir(), 'assay-images-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

let bench: ServeBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function open(images: ImageDesk, backend = hostBackend()): Promise<ServeBench> {
  bench = await openServeBench(backend, {
    images,
    policy: { hostNetwork: false, registries: ['docker.io', 'assay.local'], runtimeHosts: [], most: GENEROUS },
  });
  return bench;
}

function get(path: string, key: string) {
  return fetch(`${bench?.server.url}${path}`, { headers: { 'x-api-key': key } });
}

/** As the client of OpenHands sends it. */
function build(key: string, context: Buffer, target: string, tags: readonly string[] = []) {
  const form = new FormData();
  form.set('context', context.toString('base64'));
  form.set('target_image', target);
  for (const tag of tags) form.append('tags', tag);
  return fetch(`${bench?.server.url}/build`, { method: 'POST', headers: { 'x-api-key': key }, body: form });
}

async function statusOf(key: string, reply: Response) {
  const { build_id } = (await reply.json()) as { build_id: string };
  return (await (await get(`/build_status?build_id=${build_id}`, key)).json()) as { status: string; error?: string };
}

describe('whether an image is there', () => {
  test('its registry is asked; size and age are told', async () => {
    const { makeKey } = await open({
      ...NO_IMAGES,
      lookUp: async (name) =>
        name === 'docker.io/team/app:1' ? { digest: DIGEST, bytes: 12, createdAt: '2026-01-01T00:00:00Z' } : undefined,
    });
    const key = await makeKey('asks');
    expect(await (await get('/image_exists?image=team/app:1', key)).json()).toEqual({
      exists: true,
      image: { digest: DIGEST, image_size_bytes: 12, upload_time: '2026-01-01T00:00:00Z' },
    });
  });

  test('what neither registry nor backend has does not exist; a registry that cannot be asked is an error', async () => {
    const fail = (code: 'image-not-found' | 'image-pull-failed') => async () => {
      throw new AssayError(code, code, { class: 'infra', retryable: true });
    };
    let lookUp: ImageDesk['lookUp'] = async () => undefined;
    const backend = { ...hostBackend(), describeImage: fail('image-not-found') };
    const { makeKey } = await open({ ...NO_IMAGES, lookUp: (...args) => lookUp(...args) }, backend);
    const key = await makeKey('asks');
    expect(await (await get('/image_exists?image=team/app:1', key)).json()).toEqual({ exists: false });
    lookUp = fail('image-pull-failed');
    expect((await get('/image_exists?image=team/app:1', key)).status).toBe(502);
  });
});

describe('a build', () => {
  test('gives names to the key that built it, and to no other', async () => {
    const received: Buffer[] = [];
    const described: string[] = [];
    const backend = {
      ...hostBackend(),
      async describeImage(reference: string) {
        described.push(reference);
        return { digest: DIGEST, env: {}, workdir: '/' };
      },
    };
    const images: ImageDesk = {
      ...NO_IMAGES,
      async build(context) {
        received.push(context);
        return DIGEST;
      },
    };
    const { makeKey } = await open(images, backend);
    const [mine, theirs] = [await makeKey('builds', BUILDER), await makeKey('other', BUILDER)];
    const begun = await build(mine, Buffer.from('the folder'), 'team/app:1', ['team/app:latest']);
    await expect.poll(async () => (await statusOf(mine, begun.clone())).status).toBe('SUCCESS');
    expect(received.map(String)).toEqual(['the folder']);
    expect((await statusOf(theirs, begun.clone())).status).toBeUndefined();
    await get('/v1/images?reference=team/app', mine);
    await get('/v1/images?reference=team/app', theirs);
    expect(described).toEqual([DIGEST, 'docker.io/team/app:latest']);
    expect((await get(`/v1/images?reference=${DIGEST}`, await makeKey('third'))).status).toBe(404);
  });

  test('that fails says why; the third at once has to wait; without the scope it is refused', async () => {
    let fail: (error: Error) => void = () => {};
    const images: ImageDesk = {
      ...NO_IMAGES,
      build: () =>
        new Promise((_resolve, reject) => {
          fail = reject;
        }),
    };
    const { makeKey } = await open(images);
    const key = await makeKey('builds', BUILDER);
    const context = Buffer.from('x');
    await build(key, context, 'team/app:1');
    const second = await build(key, context, 'team/app:2');
    const third = await build(key, context, 'team/app:3');
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '30']);
    expect((await statusOf(key, second.clone())).status).toBe('RUNNING');
    fail(new Error('no such file'));
    await expect.poll(() => statusOf(key, second.clone())).toMatchObject({ status: 'FAILURE', error: 'no such file' });
    expect((await build(await makeKey('plain'), context, 'team/app:4')).status).toBe(403);
    expect((await build(key, context, 'ghcr.io/team/app:4')).status).toBe(403);
  });

  test('is refused where nothing builds', async () => {
    const { makeKey } = await open(NO_IMAGES);
    expect((await build(await makeKey('builds', BUILDER), Buffer.from('x'), 'team/app:1')).status).toBe(501);
  });
});

const engine = await engineTestImage();
const problem = engine.problem ?? (await engineProblem(createDockerBackend({ paths: assayPaths(home) })));
describeRequiring('docker', problem, 'a build by a real engine', () => {
  if (engine.problem !== undefined) return;
  const { image } = engine;
  test('runs as a sandbox of the key that built it', async () => {
    const images: ImageDesk = {
      ...NO_IMAGES,
      build: (context, signal) =>
        buildImage(new EngineClient(requireEngine()), { context, name: 'assay.local/test-built:latest', signal }),
    };
    const { makeKey, server } = await open(images, createDockerBackend({ paths: assayPaths(home) }));
    const key = await makeKey('builds', BUILDER);
    const dockerfile = `FROM ${image}\nCOPY hello /hello\nENV GREETING=yes\n`;
    const begun = await build(key, folder({ Dockerfile: dockerfile, hello: 'from the folder' }), 'team/real:1');
    const status = () => statusOf(key, begun.clone());
    await expect.poll(status, { timeout: 120_000, interval: 500 }).toMatchObject({ status: 'SUCCESS' });
    const backend = createRemoteBackend({ url: server.url, apiKey: key });
    const { env } = await backend.describeImage('team/real:1');
    expect(env.GREETING).toBe('yes');
    const sandbox = await backend.create({ ...SPEC, base: { kind: 'image', reference: 'team/real:1' } });
    expect((await exec(sandbox, ['cat', '/hello'])).stdout.toString()).toBe('from the folder');
    await backend.close();
    const broken = await build(key, folder({ Dockerfile: `FROM ${image}\nCOPY missing /x\n` }), 'team/real:2');
    await expect
      .poll(() => statusOf(key, broken.clone()), { timeout: 60_000, interval: 500 })
      .toMatchObject({ status: 'FAILURE', error: expect.stringContaining('missing') });
  });
});

function folder(files: Record<string, string>): Buffer {
  const parts = Object.entries(files).flatMap(([name, text]) => {
    const size = Buffer.byteLength(text);
    const nobody = {
      uid: 0,
      gid: 0,
      mtime: 0,
      major: 0,
      minor: 0,
      linkName: '',
      attributes: new Map<string, string>(),
    };
    return [tarHead({ ...nobody, name, type: 'file', mode: 0o644, size }), Buffer.from(text), tarPadding(size)];
  });
  return gzipSync(Buffer.concat([...parts, TAR_END]));
}
