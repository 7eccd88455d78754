/** Small images for tests, made member by member, as an OCI layout; and their upload to a registry. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../../src/base/digest.ts';
import { TAR_END, type TarHead, tarHead, tarPadding } from '../../src/environment/oci/tar-writer.ts';

export type Member = Partial<Omit<TarHead, 'size'>> & { name: string; content?: string | Buffer };

/** One layer's archive. Folders have names that end with `/`. */
export function layerTar(members: readonly Member[]): Buffer {
  const parts = members.flatMap((member) => {
    const content = Buffer.from(member.content ?? '');
    const type = member.type ?? (member.name.endsWith('/') ? 'directory' : 'file');
    const mode = type === 'directory' ? 0o755 : 0o644;
    const head = tarHead({ ...DEFAULTS, mode, ...member, type, size: content.length });
    return [head, content, tarPadding(content.length)];
  });
  return Buffer.concat([...parts, TAR_END]);
}

const DEFAULTS = {
  uid: 0,
  gid: 0,
  mtime: 1_700_000_000,
  linkName: '',
  major: 0,
  minor: 0,
  attributes: new Map<string, string>(),
};

export interface TestImage {
  layers: readonly Buffer[];
  config?: object;
  architecture?: string;
  compress?: (tar: Buffer) => Buffer;
}

export interface Blob {
  digest: string;
  size: number;
}

/** Writes the image into a layout folder (made when missing) under a tag; gives its manifest's descriptor. */
export async function writeLayout(folder: string, tag: string, images: readonly TestImage[]): Promise<Blob> {
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const put = async (bytes: Buffer): Promise<Blob> => {
    const digest = sha256(bytes);
    await writeFile(join(blobs, digest.slice(7)), bytes);
    return { digest, size: bytes.length };
  };
  const manifests = [];
  for (const image of images) {
    const architecture = image.architecture ?? (process.arch === 'arm64' ? 'arm64' : 'amd64');
    const config = {
      os: 'linux',
      architecture,
      config: image.config ?? {},
      rootfs: { type: 'layers', diff_ids: image.layers.map((layer) => sha256(layer)) },
    };
    const layers = [];
    for (const layer of image.layers) {
      const blob = await put((image.compress ?? gzipSync)(layer));
      layers.push({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...blob });
    }
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await put(json(config))) },
      layers,
    };
    manifests.push({ mediaType: MANIFEST, ...(await put(json(manifest))), platform: { os: 'linux', architecture } });
  }
  const index = { schemaVersion: 2, mediaType: INDEX, manifests };
  const top = await put(json(index));
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  const known = await readFile(join(folder, 'index.json'), 'utf8').catch(() => undefined);
  const others = known === undefined ? [] : (JSON.parse(known) as { manifests: object[] }).manifests;
  const all = { schemaVersion: 2, mediaType: INDEX, manifests: [...others, { mediaType: INDEX, ...top, annotations }] };
  await writeFile(join(folder, 'index.json'), json(all));
  await writeFile(join(folder, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
  return top;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** Uploads everything below the tag's index to a registry (`http://host:port`) that takes uploads from anybody. */
export async function pushLayout(folder: string, top: Blob, registry: string, repository: string, tag: string) {
  const read = (digest: string) => readFile(join(folder, 'blobs', 'sha256', digest.slice(7)));
  const base = `${registry}/v2/${repository}`;
  const index = JSON.parse((await read(top.digest)).toString()) as { manifests: Blob[] };
  for (const manifest of index.manifests) {
    const bytes = await read(manifest.digest);
    const { config, layers } = JSON.parse(bytes.toString()) as { config: Blob; layers: Blob[] };
    for (const { digest } of [config, ...layers]) await pushBlob(base, digest, await read(digest));
    await putManifest(`${base}/manifests/${manifest.digest}`, MANIFEST, bytes);
  }
  await putManifest(`${base}/manifests/${tag}`, INDEX, await read(top.digest));
}

async function pushBlob(base: string, digest: string, bytes: Buffer): Promise<void> {
  const started = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(started.headers.get('location') ?? '', base);
  location.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  await demandCreated(await fetch(location, { method: 'PUT', headers, body: new Uint8Array(bytes) }));
}

async function putManifest(url: string, type: string, bytes: Buffer): Promise<void> {
  const headers = { 'content-type': type };
  await demandCreated(await fetch(url, { method: 'PUT', headers, body: new Uint8Array(bytes) }));
}

async function demandCreated(response: Response): Promise<void> {
  if (response.status !== 201)
    throw new Error(`the registry answers HTTP ${response.status}: ${await response.text()}`);
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
