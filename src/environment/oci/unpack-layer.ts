/**
 * One layer of an image as a folder of the layer store. Every member is judged here (`LayerEntries`) and passed on, rewritten, to GNU tar, which alone can make whiteouts
 * (device 0:0) and attributes, for an ordinary user inside a user namespace. A folder gets its name when it is complete and its digest was right.
 */
import { spawn } from 'node:child_process';
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { chown, rename, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { makeFolder } from '../../base/make-folder.ts';
import { removeTree } from '../../base/remove-tree.ts';
import { AssayError, IMAGE_ID_SHIFT } from '../../contracts/index.ts';
import { openLayer } from './decompress.ts';
import type { BlobFile } from './image-source.ts';
import { DEFAULT_UNPACK_LIMITS, LayerEntries, OPAQUE_ATTRIBUTE, type UnpackLimits } from './layer-entries.ts';
import { refused } from './manifest.ts';
import { readTar, TarError } from './tar-reader.ts';
import { TAR_END, tarHead, tarPadding } from './tar-writer.ts';

export interface UnpackOptions {
  /** The layer store. */
  layers: string;
  /** Digest of the uncompressed archive, from the image's configuration. */
  diffId: string;
  /** For messages, such as `docker.io/library/debian:12, layer 1`. */
  what: string;
  limits?: UnpackLimits;
  signal: AbortSignal;
}

const RATIO_GRACE_BYTES = 64 * 1024 ** 2;

/** Where a layer lies, or will lie. */
export function layerFolder(layers: string, diffId: string): string {
  return join(layers, diffId.slice('sha256:'.length));
}

export async function hasLayer(layers: string, diffId: string): Promise<boolean> {
  return (await stat(layerFolder(layers, diffId)).catch(() => null)) !== null;
}

/** Throws `image-refused` for content that must not be unpacked, `environment-tool-missing`, `disk-full`, `cancelled`. Leaves nothing behind then. */
export async function unpackLayer(file: BlobFile, options: UnpackOptions): Promise<void> {
  const { layers, diffId, what, limits = DEFAULT_UNPACK_LIMITS } = options;
  const isRoot = process.getuid?.() === 0;
  const staging = join(layers, `.staging-${process.pid}-${randomBytes(4).toString('hex')}`);
  await makeFolder(staging);
  if (isRoot) await chown(staging, IMAGE_ID_SHIFT, IMAGE_ID_SHIFT);
  try {
    const hash = createHash('sha256');
    const writer = new TarProgram(staging, isRoot, what);
    try {
      const bytes = watched(openLayer(file, what), hash, file.size, { what, limits, signal: options.signal });
      await pass(bytes, new LayerEntries(what, limits, isRoot), writer);
      const found = `sha256:${hash.digest('hex')}`;
      if (found !== diffId) throw refused(what, `its digest is ${found}, not ${diffId}`);
      await writer.end();
    } catch (error) {
      await writer.abort();
      throw error instanceof TarError ? refused(what, error.message) : await writer.explain(error);
    }
    const now = new Date();
    await utimes(staging, now, now); // its age is that of the folder, not of what it holds
    await rename(staging, layerFolder(layers, diffId)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await removeTree(staging);
  }
}

/** All members that are admitted, rewritten, into `out`. */
async function pass(bytes: AsyncIterable<Buffer>, entries: LayerEntries, out: TarProgram): Promise<void> {
  for await (const entry of readTar(bytes)) {
    const heads = entries.admit(entry);
    for (const head of heads) await out.write(tarHead(head));
    const head = heads.at(-1);
    if (head?.type !== 'file') continue;
    // A head that is not the content's own would let the content be read as heads.
    if (entry.type !== 'file' || head.size !== entry.size)
      throw new TarError(`the content of ${entry.name} is not its own`);
    for await (const chunk of entry.content()) await out.write(chunk);
    await out.write(tarPadding(head.size));
  }
  await out.write(TAR_END);
}

/** The bytes as they are, hashed and counted. */
async function* watched(
  bytes: AsyncIterable<Buffer>,
  hash: Hash,
  compressed: number,
  { what, limits, signal }: { what: string; limits: UnpackLimits; signal: AbortSignal },
): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of bytes) {
    if (signal.aborted)
      throw new AssayError('cancelled', 'the pull was cancelled', { class: 'cancelled', retryable: true });
    size += chunk.length;
    if (size > RATIO_GRACE_BYTES && size > compressed * limits.maxRatio)
      throw refused(what, `it is a bomb: ${compressed} bytes unpack to more than ${limits.maxRatio} times as many`);
    // Heads and padding add to the content that is counted member by member.
    if (size > 2 * limits.maxBytes + RATIO_GRACE_BYTES)
      throw refused(what, `it unpacks to more than ${limits.maxBytes} bytes`);
    hash.update(chunk);
    yield chunk;
  }
}

const TAR = [
  'tar',
  '-x',
  '-f',
  '-',
  '-p',
  '--numeric-owner',
  '--delay-directory-restore',
  '--xattrs',
  '--xattrs-include=user.*',
];

/** GNU tar, writing into a folder. */
class TarProgram {
  private readonly input: Writable;
  private readonly child: ReturnType<typeof spawn>;
  private readonly what: string;
  private readonly ended: Promise<string | undefined>;

  constructor(folder: string, isRoot: boolean, what: string) {
    const plain = [...TAR, ...(isRoot ? ['--same-owner'] : ['--no-same-owner']), '-C', folder];
    const [program = '', ...args] = isRoot ? plain : ['unshare', '--user', '--map-root-user', '--', ...plain];
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
    const child = spawn(program, args, { env, stdio: ['pipe', 'ignore', 'pipe'] });
    this.child = child;
    this.what = what;
    this.input = child.stdin;
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(0, 1000); // the first words say why, later ones what follows from it
    });
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => {
        resolve(error.message);
        child.stdin.destroy(error);
      });
      child.on('close', (code) => resolve(code === 0 ? undefined : errors.trim() || `tar ended with ${code}`));
    });
    child.stdin.on('error', () => {}); // told by the callback of the write
  }

  /** Waits when there is no room. Throws `EPIPE` and its like when tar has ended. */
  write(data: Buffer): Promise<void> | void {
    let settle: (error?: Error | null) => void = () => {};
    const written = new Promise<void>((resolve, reject) => {
      settle = (error) => (error ? reject(error) : resolve());
    });
    const room = this.input.write(data, settle);
    if (!room || this.input.destroyed) return written;
    written.catch(() => {}); // a later write, or the end, meets the same
  }

  /** Everything was written; throws when tar could not make it. */
  async end(): Promise<void> {
    this.input.end();
    const problem = await this.ended;
    if (problem !== undefined) throw this.failed(problem);
  }

  async abort(): Promise<void> {
    this.child.kill('SIGTERM');
    this.input.destroy();
    await this.ended;
  }

  /** A broken pipe means that tar has ended: its own words say more. */
  async explain(error: unknown): Promise<unknown> {
    if (!['EPIPE', 'ENOENT', 'ERR_STREAM_DESTROYED'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return error;
    const problem = await this.ended;
    return problem === undefined ? error : this.failed(problem);
  }

  private failed(problem: string): AssayError {
    if (/ENOENT|unrecognized option/.test(problem)) {
      return new AssayError(
        'environment-tool-missing',
        `layers are unpacked by GNU tar, which is missing here: ${problem}`,
        {
          class: 'infra',
          retryable: false,
          hint: 'Install tar (GNU) and util-linux.',
        },
      );
    }
    if (/No space left on device/.test(problem)) {
      return new AssayError('disk-full', `${this.what}: ${problem}`, {
        class: 'infra',
        retryable: true,
        hint: 'Free disk space, for example with `assay env gc`, and pull again.',
      });
    }
    const whiteout = /Cannot mknod/.test(problem);
    const attribute = problem.includes(OPAQUE_ATTRIBUTE) || /Operation not supported/.test(problem);
    return new AssayError('image-pull-failed', `${this.what} could not be written: ${problem}`, {
      class: 'infra',
      retryable: false,
      ...(whiteout ? { hint: 'Marks of deleted files need a user namespace (kernel 5.11 or newer), or root.' } : {}),
      ...(attribute
        ? { hint: 'The file system of ASSAY_HOME must keep user attributes (ext4, xfs, btrfs, tmpfs from kernel 6.6).' }
        : {}),
    });
  }
}
