/** An image of this machine, with layers on top when given, as an OCI layout: a folder, or one file that `docker load` and `podman load` take, too. */

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sha256 } from '../../base/digest.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { AssayError, type LayerRef, type LocalImage } from '../../contracts/index.ts';
import { packLayer } from './pack-layer.ts';
import { TAR_END, tarHead, tarPadding } from './tar-writer.ts';
import { layerFolder } from './unpack-layer.ts';

export interface ExportOptions {
  /** The layer store. */
  layers: string;
  image: LocalImage;
  /** Over those of the image, bottom first. */
  extraLayers?: readonly LayerRef[];
  /** A name that ends with `.tar` becomes one file, any other a folder. Must not exist. */
  target: string;
  /** `name:tag` that the image gets. */
  name: string;
  signal: AbortSignal;
  onProgress?: (line: string) => void;
}

export interface Exported {
  /** Of the manifest. */
  digest: string;
  bytes: number;
}

const OCI = 'application/vnd.oci.image';

/** Layers are packed anew from their folders, so digests differ from those the image was pulled with. Throws `usage` when the target exists, `io`. */
export async function exportImage(options: ExportOptions): Promise<Exported> {
  const { target, image, signal, onProgress } = options;
  if ((await stat(target).catch(() => null)) !== null)
    throw new AssayError('usage', `${target} exists already`, { class: 'input', hint: 'Give --output a new name.' });
  await makeFolder(dirname(target));
  const layout = await mkdtemp(join(dirname(target), '.assay-export-'));
  try {
    const blobs = join(layout, 'blobs', 'sha256');
    await makeFolder(blobs);
    const all = [...image.layers, ...(options.extraLayers ?? [])];
    const packed = [];
    for (const [index, layer] of all.entries()) {
      packed.push(await packLayer(layerFolder(options.layers, layer.digest), blobs, signal));
      onProgress?.(`${index + 1}/${all.length} layers packed`);
    }
    const config = await putBlob(
      blobs,
      configOf(
        image,
        packed.map(({ diffId }) => diffId),
      ),
    );
    const layers = packed.map(({ digest, size }) => ({ mediaType: `${OCI}.layer.v1.tar+gzip`, digest, size }));
    const manifest = {
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: { mediaType: `${OCI}.config.v1+json`, ...config },
      layers,
    };
    const top = await putBlob(blobs, manifest);
    await writeIndex(layout, top, manifest.mediaType, options);
    // What older engines look for in a file: members by path.
    const path = (digest: string) => `blobs/sha256/${digest.slice('sha256:'.length)}`;
    const list = [
      { Config: path(config.digest), RepoTags: [options.name], Layers: layers.map(({ digest }) => path(digest)) },
    ];
    await writeFile(join(layout, 'manifest.json'), JSON.stringify(list));
    if (target.endsWith('.tar')) await tarFolder(layout, target, signal);
    else await rename(layout, target);
    const bytes = layers.reduce((sum, { size }) => sum + size, 0);
    return { digest: top.digest, bytes };
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}

function configOf(image: LocalImage, diffIds: readonly string[]): object {
  const [os, architecture, variant] = image.platform.split('/');
  return {
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    config: {
      Env: Object.entries(image.env).map(([name, value]) => `${name}=${value}`),
      WorkingDir: image.workdir,
      User: image.user,
      Entrypoint: image.entrypoint,
      Cmd: image.command,
    },
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
}

async function putBlob(blobs: string, document: object): Promise<{ digest: string; size: number }> {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = sha256(bytes);
  await writeFile(join(blobs, digest.slice('sha256:'.length)), bytes);
  return { digest, size: bytes.length };
}

async function writeIndex(
  layout: string,
  top: { digest: string; size: number },
  mediaType: string,
  { image, name }: ExportOptions,
): Promise<void> {
  const [os, architecture] = image.platform.split('/');
  const annotations = {
    'org.opencontainers.image.ref.name': name.replace(/^.*:(?=[^/:]+$)/, ''),
    'io.containerd.image.name': name,
  };
  const manifests = [{ mediaType, ...top, platform: { os, architecture }, annotations }];
  const index = { schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests };
  await writeFile(join(layout, 'index.json'), JSON.stringify(index));
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

async function tarFolder(folder: string, target: string, signal: AbortSignal): Promise<void> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  async function* members(): AsyncGenerator<Buffer> {
    for (const path of names) {
      const { size } = await stat(path);
      yield tarHead({ ...PLAIN, name: relative(folder, path), size });
      yield* createReadStream(path) as AsyncIterable<Buffer>;
      yield tarPadding(size);
    }
    yield TAR_END;
  }
  const temporary = `${folder}.tar`;
  try {
    await pipeline(Readable.from(members()), createWriteStream(temporary), { signal });
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

const PLAIN = {
  type: 'file' as const,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  linkName: '',
  major: 0,
  minor: 0,
  attributes: new Map<string, string>(),
};
