/**
 * Layers as archives on this machine. A cluster has no place for them that every namespace may use, so they travel over the stream of each sandbox that stands on
 * them; docs/scale.md says what that costs and when an image is better.
 */

import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gunzipSync, gzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { canonicalJson, digestOf, sha256 } from '../../base/digest.ts';
import { makeFolder } from '../../base/make-folder.ts';
import type { LayerRef } from '../../contracts/index.ts';
import { archiveLines } from '../docker/content-digest.ts';
import type { FileEntry, FileManifest } from './file-manifest.ts';

export class LayerArchives {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async has(layer: LayerRef): Promise<boolean> {
    return (await stat(this.removals(layer)).catch(() => undefined)) !== undefined;
  }

  /** Stores a tar of changed files and the paths that went; equal content gives equal layers. */
  async store(tar: AsyncIterable<Buffer>, removed: readonly string[]): Promise<LayerRef> {
    await makeFolder(this.folder);
    const temporary = join(this.folder, `.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`);
    try {
      const [copy, unreadable] = [new PassThrough(), new AbortController()];
      const { signal } = unreadable;
      const reading = archiveLines(copy.pipe(extract())).catch((error: unknown) => {
        unreadable.abort();
        throw error;
      });
      const gzip = createGzip({ level: 1 });
      const [lines] = await Promise.all([
        reading,
        pipeline(tar, duplicateTo(copy, signal), gzip, createWriteStream(temporary), { signal }),
      ]);
      lines.push(...removed.map((path) => canonicalJson({ path, deleted: true })));
      const layer: LayerRef = { digest: sha256(lines.sort().join('\n')) };
      await rename(temporary, this.archive(layer));
      await writeFileAtomic(this.removals(layer), Buffer.from(removed.map((path) => `.${path}\0`).join(''), 'latin1'));
      return layer;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async remove(layer: LayerRef): Promise<void> {
    for (const path of [this.removals(layer), this.archive(layer)]) await rm(path, { force: true });
  }

  /** A gzipped tar. */
  read(layer: LayerRef): Readable {
    return createReadStream(this.archive(layer));
  }

  /** Paths below `/`, each ended by NUL. */
  removalsOf(layer: LayerRef): Promise<Buffer> {
    return readFile(this.removals(layer));
  }

  /** The files of an untouched sandbox on this base and these layers, as far as they were ever walked. `base` is a digest. */
  async manifest(base: string, layers: readonly LayerRef[]): Promise<FileManifest | undefined> {
    const bytes = await readFile(this.manifestPath(base, layers)).catch(() => undefined);
    if (bytes === undefined) return undefined;
    const rows = JSON.parse(gunzipSync(bytes).toString()) as [path: string, type: string, signature: string][];
    return new Map(
      rows.map(([path, type, signature]): [string, FileEntry] => [path, { type, signature, changedNs: 0n }]),
    );
  }

  async keepManifest(base: string, layers: readonly LayerRef[], files: FileManifest): Promise<void> {
    const rows = [...files].map(([path, { type, signature }]) => [path, type, signature]);
    await writeFileAtomic(this.manifestPath(base, layers), gzipSync(JSON.stringify(rows)));
  }

  private archive(layer: LayerRef): string {
    return join(this.folder, `${hex(layer.digest)}.tar.gz`);
  }

  /** Written last: a layer without it is not there. */
  private removals(layer: LayerRef): string {
    return join(this.folder, `${hex(layer.digest)}.removed`);
  }

  private manifestPath(base: string, layers: readonly LayerRef[]): string {
    const chain = digestOf({ base, layers: layers.map(({ digest }) => digest) });
    return join(this.folder, 'manifests', `${hex(chain)}.json.gz`);
  }
}

/** Passes all on, and the same to the copy, at the pace of the slower. */
function duplicateTo(copy: PassThrough, signal: AbortSignal) {
  return async function* (chunks: AsyncIterable<Buffer>) {
    try {
      for await (const chunk of chunks) {
        if (!copy.write(chunk)) await once(copy, 'drain', { signal });
        yield chunk;
      }
    } finally {
      copy.end();
    }
  };
}

function hex(digest: string): string {
  return digest.slice('sha256:'.length);
}
