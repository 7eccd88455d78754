/** An image in a registry: its mirrors are tried first; blobs land in the download folder and are kept by digest until the image is unpacked. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../base/digest.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { AssayError } from '../../contracts/index.ts';
import { isDigest, type RegistryReference, referenceName } from './image-reference.ts';
import { type BlobFile, type ImageSource, MAX_DOCUMENT_BYTES, resolveManifest } from './image-source.ts';
import { type Descriptor, demandDigest, MANIFEST_TYPES, type Manifest, refused } from './manifest.ts';
import { RegistryClient, type RegistryClientOptions } from './registry-client.ts';
import { registryHosts } from './registry-hosts.ts';

export class RegistrySource implements ImageSource {
  readonly name: string;
  private readonly reference: RegistryReference;
  private readonly folder: string;
  private readonly options: RegistryClientOptions;
  private clients: RegistryClient[] | undefined;
  private readonly fetched: string[] = [];
  private topDigest: string | undefined;

  /** `folder`: where downloads lie, finished or not. */
  constructor(reference: RegistryReference, folder: string, options: RegistryClientOptions) {
    this.name = referenceName(reference);
    this.reference = reference;
    this.folder = folder;
    this.options = options;
  }

  async manifest(platform: string): Promise<Manifest> {
    const { version } = this.reference;
    const top = await this.document(`manifests/${version}`, MANIFEST_TYPES);
    if (isDigest(version)) demandDigest(top.body, version, this.name);
    else if (top.digest !== null && isDigest(top.digest)) demandDigest(top.body, top.digest, this.name);
    this.topDigest = sha256(top.body);
    return resolveManifest(top.body, platform, this.name, async (descriptor) => {
      return (await this.document(`manifests/${descriptor.digest}`, MANIFEST_TYPES)).body;
    });
  }

  pin(): string | undefined {
    if (this.topDigest === undefined) return undefined;
    return referenceName({ ...this.reference, version: this.topDigest });
  }

  async smallBlob(descriptor: Descriptor): Promise<Buffer> {
    const { body } = await this.document(`blobs/${descriptor.digest}`, '*/*');
    demandDigest(body, descriptor.digest, this.name);
    return body;
  }

  async blobFile(descriptor: Descriptor): Promise<BlobFile> {
    const hex = descriptor.digest.slice('sha256:'.length);
    const path = join(this.folder, hex);
    const file = { path, start: 0, size: descriptor.size };
    this.fetched.push(path);
    if ((await stat(path).catch(() => null))?.size === descriptor.size) return file;
    await makeFolder(this.folder);
    await this.onHosts((client) => this.download(client, descriptor, `${path}.part`));
    await rename(`${path}.part`, path);
    return file;
  }

  async close(): Promise<void> {
    for (const path of this.fetched) await rm(path, { force: true });
  }

  private async download(client: RegistryClient, descriptor: Descriptor, part: string): Promise<void> {
    const file = await open(part, 'a+');
    try {
      let hash = createHash('sha256');
      let size = await hashPart(part, file, hash, descriptor.size);
      await client.blob(this.reference.repository, descriptor.digest, {
        offset: size,
        take: async (chunk) => {
          size += chunk.byteLength;
          if (size > descriptor.size)
            throw refused(this.name, `a layer is larger than the ${descriptor.size} bytes it should have`);
          hash.update(chunk);
          await file.appendFile(chunk);
        },
        restart: async () => {
          await file.truncate(0);
          size = 0;
          hash = createHash('sha256');
        },
      });
      if (`sha256:${hash.digest('hex')}` !== descriptor.digest || size !== descriptor.size) {
        await file.truncate(0); // the next try must not build on this
        throw refused(this.name, `what the registry sent for ${descriptor.digest} is something else`);
      }
    } finally {
      await file.close();
    }
  }

  private document(path: string, accept: string) {
    return this.onHosts((client) => client.document(this.reference.repository, path, accept, MAX_DOCUMENT_BYTES));
  }

  /** The first host that can; what the last one says when none can. */
  private async onHosts<T>(ask: (client: RegistryClient) => Promise<T>): Promise<T> {
    this.clients ??= (await registryHosts(this.reference.registry)).map(
      (host) => new RegistryClient(host, this.options),
    );
    for (const [index, client] of this.clients.entries()) {
      try {
        return await ask(client);
      } catch (error) {
        if (index === this.clients.length - 1 || !(error instanceof AssayError) || error.code === 'cancelled')
          throw error;
        this.options.onProgress?.(`the mirror ${client.host.name} did not help: ${error.message}`);
      }
    }
    throw new Error('a registry has at least its own address');
  }
}

/** Feeds what an earlier pull left to the hash; gives its size. */
async function hashPart(
  path: string,
  file: FileHandle,
  hash: ReturnType<typeof createHash>,
  max: number,
): Promise<number> {
  const { size } = await file.stat();
  if (size > max) {
    await file.truncate(0);
    return 0;
  }
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return size;
}
