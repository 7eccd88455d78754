/** A folder of the layer store as a layer's archive again: overlay's marks become those of the image format, owners are shifted back. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { AssayError, IMAGE_ID_SHIFT } from '../../contracts/index.ts';
import { OPAQUE, OPAQUE_ATTRIBUTE, WHITEOUT } from './layer-entries.ts';
import { readTar, type TarEntry } from './tar-reader.ts';
import { TAR_END, type TarHead, tarHead, tarPadding } from './tar-writer.ts';

export interface PackedLayer {
  /** Of the uncompressed archive. */
  diffId: string;
  /** Of the blob. */
  digest: string;
  size: number;
}

const TAR = [
  'tar',
  '-c',
  '-f',
  '-',
  '--format=posix',
  '--numeric-owner',
  '--sort=name',
  '--xattrs',
  '--xattrs-include=user.*',
];

/** Writes the gzipped layer into `blobs` under its digest. Equal folders give equal blobs. Throws `io`. */
export async function packLayer(folder: string, blobs: string, signal: AbortSignal): Promise<PackedLayer> {
  const isRoot = process.getuid?.() === 0;
  const hash = createHash('sha256');
  const temporary = join(blobs, `.packing-${process.pid}-${Math.random().toString(16).slice(2)}`);
  const members = Readable.from(
    packed(archiveOf(folder, isRoot), isRoot ? IMAGE_ID_SHIFT : 0, (bytes) => hash.update(bytes)),
  );
  await pipeline(members, createGzip(), createWriteStream(temporary), { signal });
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(temporary)) digest.update(chunk as Buffer);
  const name = digest.digest('hex');
  await rename(temporary, join(blobs, name));
  const { size } = await stat(join(blobs, name));
  return { diffId: `sha256:${hash.digest('hex')}`, digest: `sha256:${name}`, size };
}

async function* packed(
  archive: AsyncIterable<Buffer>,
  shift: number,
  onBytes: (bytes: Buffer) => void,
): AsyncGenerator<Buffer> {
  const pass = (bytes: Buffer) => {
    onBytes(bytes);
    return bytes;
  };
  for await (const entry of readTar(archive)) {
    for (const head of imageHeads(entry, shift)) yield pass(tarHead(head));
    if (entry.type !== 'file') continue;
    for await (const chunk of entry.content()) yield pass(chunk);
    yield pass(tarPadding(entry.size));
  }
  yield pass(TAR_END);
}

/** One head, or two: a folder and the mark that it is opaque. */
function imageHeads(entry: TarEntry, shift: number): TarHead[] {
  const name = entry.name.replace(/^\.\/(?=.)/, '');
  const linkName = entry.type === 'link' ? entry.linkName.replace(/^\.\//, '') : entry.linkName;
  const owner = (id: number) => (id >= shift ? id - shift : 0);
  const attributes = new Map([...entry.attributes].filter(([key]) => key !== OPAQUE_ATTRIBUTE));
  const head = { ...entry, name, linkName, uid: owner(entry.uid), gid: owner(entry.gid), attributes };
  const mark = {
    ...head,
    type: 'file' as const,
    mode: 0,
    size: 0,
    linkName: '',
    attributes: new Map<string, string>(),
  };
  if (entry.type === 'character' && entry.major === 0 && entry.minor === 0)
    return [{ ...mark, name: name.replace(/[^/]*$/, (last) => `${WHITEOUT}${last}`) }];
  if (entry.attributes.get(OPAQUE_ATTRIBUTE) !== 'y') return [head];
  return [head, { ...mark, name: `${name.replace(/\/*$/, '/')}${OPAQUE}` }];
}

async function* archiveOf(folder: string, isRoot: boolean): AsyncGenerator<Buffer> {
  const plain = [...TAR, '-C', folder, '.'];
  const [program = '', ...args] = isRoot ? plain : ['unshare', '--user', '--map-root-user', '--', ...plain];
  const child = spawn(program, args, {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-1000);
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(code === 0 ? undefined : errors.trim() || `tar ended with ${code}`));
  });
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const problem = await ended;
    if (problem === undefined) return;
    throw new AssayError('io', `the layer ${folder} cannot be read: ${problem}`, { class: 'infra', retryable: false });
  } finally {
    child.kill('SIGKILL');
  }
}
