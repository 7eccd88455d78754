/** Images on this machine: pulled from wherever they come, each layer unpacked once and shared by all images that have it. */
import { utimes } from 'node:fs/promises';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { digestOf } from '../../base/digest.ts';
import { withFileLock } from '../../base/file-lock.ts';
import { makeFolder } from '../../base/make-folder.ts';
import type { AssayPaths } from '../../base/paths.ts';
import { readRecord } from '../../base/read-record.ts';
import { type ImageStore, type LocalImage, localImageSchema } from '../../contracts/index.ts';
import { environmentLayout, imageNameSchema } from '../environment-layout.ts';
import { SingleFlight } from '../single-flight.ts';
import { isDigest } from './image-reference.ts';
import type { ImageSource } from './image-source.ts';
import type { UnpackLimits } from './layer-entries.ts';
import { type Descriptor, type ImageConfig, parseConfig, refused } from './manifest.ts';
import { canonicalReference, openSource } from './open-source.ts';
import { choosePlatform, demandPlatform, hostPlatform, platformName } from './platform.ts';
import type { RegistryClientOptions } from './registry-client.ts';
import { hasLayer, layerFolder, unpackLayer } from './unpack-layer.ts';

export interface ImageStoreOptions {
  paths: AssayPaths;
  /** `os/architecture[/variant]`; default: what runs on this machine. */
  platform?: string;
  limits?: UnpackLimits;
  /** Layers fetched and unpacked at once. Default 3. */
  layersAtOnce?: number;
  /** Waits and credentials of registries, for tests. */
  registry?: Pick<RegistryClientOptions, 'findCredentials' | 'tries' | 'waitMs'>;
}

/** Leaves room in the helper's list for what is built on the image; engines stop at 127. */
const MAX_LAYERS = 200;

export function createImageStore(options: ImageStoreOptions): ImageStore {
  const { paths } = options;
  const layout = environmentLayout(paths.environments);
  const flights = new SingleFlight();
  const platform = demandPlatform(options.platform ?? hostPlatform());
  const nameRecord = (reference: string) => layout.image(digestOf({ name: canonicalReference(reference), platform }));

  const pullNow = async (reference: string, signal: AbortSignal, onProgress: (line: string) => void) => {
    const source = await openSource(reference, paths, { ...options.registry, signal, onProgress });
    try {
      const manifest = await source.manifest(platform);
      const config = parseConfig(await source.smallBlob(manifest.config), source.name);
      choosePlatform([{ ...manifest.config, platform: config }], platform, source.name);
      const pin = source.pin?.();
      const image = { ...localImage(manifest.config.digest, config), ...(pin === undefined ? {} : { pin }) };
      await unpackAll(source, manifest.layers, image, signal, onProgress);
      await writeFileAtomic(layout.image(image.digest), JSON.stringify(image));
      const record = { name: source.name, digest: image.digest, pulledAt: new Date().toISOString() };
      await writeFileAtomic(nameRecord(reference), JSON.stringify(record));
      return image;
    } finally {
      await source.close();
    }
  };

  const unpackAll = async (
    source: ImageSource,
    descriptors: readonly Descriptor[],
    image: LocalImage,
    signal: AbortSignal,
    onProgress: (line: string) => void,
  ): Promise<void> => {
    if (image.layers.length < 1 || image.layers.length > MAX_LAYERS)
      throw refused(source.name, `it has ${image.layers.length} layers: 1 to ${MAX_LAYERS} can be stacked`);
    if (descriptors.length !== image.layers.length)
      throw refused(source.name, `it has ${descriptors.length} layers and ${image.layers.length} diff ids`);
    await makeFolder(paths.layers);
    const open = [...descriptors.entries()];
    let done = 0;
    const worker = async () => {
      for (let next = open.shift(); next !== undefined; next = open.shift()) {
        const [index, descriptor] = next;
        const diffId = image.layers[index]?.digest ?? '';
        const what = `${source.name}, layer ${index + 1} of ${descriptors.length}`;
        const had = await unpackOnce(source, descriptor, diffId, what, signal);
        const size = `${(descriptor.size / 1024 ** 2).toFixed(1)} MB`;
        onProgress(
          `${++done}/${descriptors.length} layers: ${diffId.slice(7, 19)} ${had ? 'is here already' : `${size} unpacked`}`,
        );
      }
    };
    const workers = Array.from({ length: options.layersAtOnce ?? 3 }, () =>
      worker().catch((error: unknown) => {
        open.length = 0;
        throw error;
      }),
    );
    // All have stopped before the source is closed under them.
    const failure = (await Promise.allSettled(workers)).find((end) => end.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  };

  /** True when the layer was there. */
  const unpackOnce = async (
    source: ImageSource,
    descriptor: Descriptor,
    diffId: string,
    what: string,
    signal: AbortSignal,
  ): Promise<boolean> => {
    if (await hasLayer(paths.layers, diffId)) {
      const now = new Date();
      await utimes(layerFolder(paths.layers, diffId), now, now); // the record that will need it is not written yet
      return true;
    }
    return withFileLock(layout.lock(diffId), signal, async () => {
      if (await hasLayer(paths.layers, diffId)) return true;
      const file = await source.blobFile(descriptor);
      const { limits } = options;
      await unpackLayer(file, {
        layers: paths.layers,
        diffId,
        what,
        signal,
        ...(limits === undefined ? {} : { limits }),
      });
      return false;
    });
  };

  return {
    pull(reference, signal, onProgress = () => {}) {
      const key = canonicalReference(reference);
      return flights.run(key, signal, (inner) => pullNow(reference, inner, onProgress));
    },

    async find(reference) {
      const digest = isDigest(reference)
        ? reference
        : (await readRecord(nameRecord(reference), imageNameSchema))?.digest;
      if (digest === undefined) return undefined;
      const path = layout.image(digest);
      const image = await readRecord(path, localImageSchema);
      if (image === null) return undefined;
      for (const layer of image.layers) if (!(await hasLayer(paths.layers, layer.digest))) return undefined;
      const now = new Date();
      await utimes(path, now, now); // for the collection of what is not used
      return image;
    },
  };
}

function localImage(digest: string, config: ImageConfig): LocalImage {
  const { Env, WorkingDir, User, Entrypoint, Cmd } = config.config ?? {};
  return {
    digest,
    platform: platformName(config),
    layers: config.rootfs.diff_ids.map((diffId) => ({ digest: diffId })),
    env: Object.fromEntries((Env ?? []).map((pair) => [pair.replace(/=.*$/s, ''), pair.replace(/^[^=]*=?/s, '')])),
    workdir: WorkingDir || '/',
    user: User ?? '',
    entrypoint: Entrypoint ?? [],
    command: Cmd ?? [],
  };
}
