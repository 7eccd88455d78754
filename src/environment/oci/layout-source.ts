/** An image in an OCI image layout: a folder with `index.json` and blobs by digest. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AssayError } from '../../contracts/index.ts';
import { type BlobFile, type ImageSource, MAX_DOCUMENT_BYTES, resolveManifest } from './image-source.ts';
import { type Descriptor, demandDigest, type Manifest, parseManifest, refused } from './manifest.ts';

const NAME_ANNOTATION = 'org.opencontainers.image.ref.name';

export class LayoutSource implements ImageSource {
  readonly name: string;
  private readonly folder: string;
  private readonly tag: string | undefined;

  /** `tag`: the annotation of the wanted image; needed only when the layout holds several. */
  constructor(folder: string, tag?: string) {
    this.folder = folder;
    this.tag = tag;
    this.name = `oci:${folder}${tag === undefined ? '' : `:${tag}`}`;
  }

  async manifest(platform: string): Promise<Manifest> {
    const bytes = await readDocument(join(this.folder, 'index.json')).catch((cause: unknown) => {
      throw this.notFound(`there is no index.json (${(cause as Error).message})`);
    });
    const top = parseManifest(bytes, this.name);
    if ('manifest' in top) throw refused(this.name, 'its index.json is no index');
    const named = top.index.filter(({ annotations }) => annotations?.[NAME_ANNOTATION] === this.tag);
    const candidates = this.tag === undefined ? top.index : named;
    if (candidates.length === 0)
      throw this.notFound(this.tag === undefined ? 'it has no image' : `it has no image named ${this.tag}`);
    return resolveManifest(Buffer.from(JSON.stringify({ manifests: candidates })), platform, this.name, (descriptor) =>
      this.smallBlob(descriptor),
    );
  }

  async smallBlob(descriptor: Descriptor): Promise<Buffer> {
    if (descriptor.size > MAX_DOCUMENT_BYTES) throw refused(this.name, `a document of ${descriptor.size} bytes`);
    const bytes = await readDocument(this.blobPath(descriptor)).catch((cause: unknown) => {
      throw refused(this.name, `the blob ${descriptor.digest} is missing (${(cause as Error).message})`);
    });
    demandDigest(bytes, descriptor.digest, this.name);
    return bytes;
  }

  async blobFile(descriptor: Descriptor): Promise<BlobFile> {
    const path = this.blobPath(descriptor);
    const about = await stat(path).catch(() => null);
    if (about === null || !about.isFile() || about.size !== descriptor.size)
      throw refused(this.name, `the blob ${descriptor.digest} is missing or has another size`);
    const { size } = about;
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    if (`sha256:${hash.digest('hex')}` !== descriptor.digest)
      throw refused(this.name, `the blob ${descriptor.digest} is damaged`);
    return { path, start: 0, size };
  }

  async close(): Promise<void> {}

  private blobPath(descriptor: Descriptor): string {
    return join(this.folder, 'blobs', 'sha256', descriptor.digest.slice('sha256:'.length));
  }

  private notFound(why: string): AssayError {
    return new AssayError('image-not-found', `${this.name}: ${why}`, { class: 'input', retryable: false });
  }
}

/** A file of no unreasonable size; devices and pipes have none. */
async function readDocument(path: string): Promise<Buffer> {
  const about = await stat(path);
  if (!about.isFile() || about.size > MAX_DOCUMENT_BYTES) throw new Error('no file, or too large');
  return readFile(path);
}
