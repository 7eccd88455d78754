/** An image in an archive that `docker save` or `podman save` wrote: members are found once and then read in place. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { z } from 'zod';
import { sha256 } from '../../base/digest.ts';
import { AssayError } from '../../contracts/index.ts';
import { type BlobFile, type ImageSource, MAX_DOCUMENT_BYTES } from './image-source.ts';
import { type Descriptor, type Manifest, parseConfig, refused } from './manifest.ts';
import { readTar, TarError } from './tar-reader.ts';

const listSchema = z.array(
  z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()) }),
);

export class ArchiveSource implements ImageSource {
  readonly name: string;
  private readonly path: string;
  private readonly tag: string | undefined;
  private readonly signal: AbortSignal;
  private members: Promise<Map<string, BlobFile>> | undefined;
  private readonly byDigest = new Map<string, BlobFile>();

  /** `tag`: `name:tag` of the wanted image; needed only when the archive holds several. */
  constructor(path: string, tag: string | undefined, signal: AbortSignal) {
    this.path = path;
    this.tag = tag;
    this.signal = signal;
    this.name = `docker-archive:${path}${tag === undefined ? '' : `:${tag}`}`;
  }

  /** The archive has no digests of layers beside the diff ids, so these stand in the manifest. */
  async manifest(): Promise<Manifest> {
    const list = listSchema.safeParse(JSON.parse((await this.read('manifest.json')).toString()));
    if (!list.success) throw refused(this.name, 'its manifest.json is not that of saved images');
    const found = list.data.filter(({ RepoTags }) => this.tag === undefined || RepoTags?.includes(this.tag));
    const [image] = found;
    if (image === undefined) throw this.notFound(`it holds no image ${this.tag}`);
    if (found.length > 1) throw this.notFound('it holds several images: name one');
    const bytes = await this.read(image.Config);
    const config = parseConfig(bytes, this.name);
    const digest = sha256(bytes);
    this.byDigest.set(digest, await this.member(image.Config));
    const layers: Descriptor[] = [];
    for (const [index, name] of image.Layers.entries()) {
      const diffId = config.rootfs.diff_ids[index];
      const member = await this.member(name);
      if (diffId === undefined) throw refused(this.name, 'it has more layers than its configuration');
      this.byDigest.set(diffId, member);
      layers.push({ mediaType: '', digest: diffId, size: member.size });
    }
    return { config: { mediaType: '', digest, size: bytes.length }, layers };
  }

  async smallBlob(descriptor: Descriptor): Promise<Buffer> {
    return this.readMember(await this.blobFile(descriptor));
  }

  /** Unchecked: the digest of a saved layer is its diff id, which unpacking checks. */
  async blobFile(descriptor: Descriptor): Promise<BlobFile> {
    const member = this.byDigest.get(descriptor.digest);
    if (member === undefined) throw refused(this.name, `${descriptor.digest} is not part of it`);
    return member;
  }

  async close(): Promise<void> {}

  private async read(name: string): Promise<Buffer> {
    return this.readMember(await this.member(name));
  }

  private async readMember({ start, size }: BlobFile): Promise<Buffer> {
    if (size > MAX_DOCUMENT_BYTES) throw refused(this.name, `a document of ${size} bytes`);
    const file = await open(this.path);
    try {
      const bytes = Buffer.alloc(size);
      await file.read(bytes, 0, size, start);
      return bytes;
    } finally {
      await file.close();
    }
  }

  private async member(name: string): Promise<BlobFile> {
    this.members ??= this.scan();
    const member = (await this.members).get(name);
    if (member === undefined) throw this.notFound(`it has no member ${name}`);
    return member;
  }

  private async scan(): Promise<Map<string, BlobFile>> {
    const members = new Map<string, BlobFile>();
    const links: [string, string][] = [];
    await this.demandFile();
    const { signal } = this;
    try {
      for await (const entry of readTar(createReadStream(this.path, { highWaterMark: 1024 ** 2, signal }))) {
        const name = entry.name.replace(/^\.\//, '');
        if (entry.type === 'file') members.set(name, { path: this.path, start: entry.offset, size: entry.size });
        // Equal layers are links to the first of them.
        else if (entry.type === 'symlink')
          links.push([name, new URL(entry.linkName, `file:///${name}`).pathname.slice(1)]);
        else if (entry.type === 'link') links.push([name, entry.linkName]);
      }
    } catch (error) {
      if (error instanceof TarError) throw refused(this.name, error.message);
      throw error;
    }
    for (const [name, target] of links) {
      const member = members.get(target);
      if (member !== undefined) members.set(name, member);
    }
    return members;
  }

  /** Devices and pipes have no end that one could wait for. */
  private async demandFile(): Promise<void> {
    const about = await stat(this.path).catch(() => undefined);
    if (about === undefined) throw this.notFound('the file does not exist');
    if (!about.isFile()) throw this.notFound('it is no file');
  }

  private notFound(why: string): AssayError {
    return new AssayError('image-not-found', `${this.name}: ${why}`, { class: 'input', retryable: false });
  }
}
