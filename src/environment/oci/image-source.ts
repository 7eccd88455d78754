/** Where an image comes from. The rest of a pull is the same for all. */

import { type Descriptor, demandDigest, type Manifest, parseManifest, refused } from './manifest.ts';
import { choosePlatform } from './platform.ts';

export interface ImageSource {
  /** For messages. */
  readonly name: string;
  /** The manifest for the platform, where there is a choice. Throws `image-not-found`, `image-refused`, `image-pull-failed`. */
  manifest(platform: string): Promise<Manifest>;
  /** Once there is a manifest: the name under which this very image can be had again. */
  pin?(): string | undefined;
  /** A small blob, checked against its digest. */
  smallBlob(descriptor: Descriptor): Promise<Buffer>;
  /** A file with the blob, checked against its digest; `done` when it is not needed any more. */
  blobFile(descriptor: Descriptor): Promise<BlobFile>;
  /** Releases what was fetched for this source alone. */
  close(): Promise<void>;
}

/** Part of a file: a blob of its own, or a member of an archive. */
export interface BlobFile {
  path: string;
  start: number;
  /** Bytes. */
  size: number;
}

/** No manifest or configuration is larger. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 ** 2;

/** Follows an index (and an index in it) to the manifest for the platform. `read` gives checked bytes of a descriptor. */
export async function resolveManifest(
  top: Buffer,
  platform: string,
  name: string,
  read: (descriptor: Descriptor) => Promise<Buffer>,
): Promise<Manifest> {
  let bytes = top;
  for (let depth = 0; depth < 3; depth++) {
    const parsed = parseManifest(bytes, name);
    if ('manifest' in parsed) return parsed.manifest;
    const chosen = choosePlatform(parsed.index, platform, name);
    bytes = await read(chosen);
    demandDigest(bytes, chosen.digest, name);
  }
  throw refused(name, 'its indexes are nested too deep');
}
