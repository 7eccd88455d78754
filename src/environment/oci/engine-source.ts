/** An image that the local container engine has: saved by the engine into a file, then read as an archive. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from '../../base/make-folder.ts';
import { AssayError } from '../../contracts/index.ts';
import { EngineClient, EngineError } from '../../sandbox/docker/engine-client.ts';
import { findEngine } from '../../sandbox/docker/engine-endpoint.ts';
import { ArchiveSource } from './archive-source.ts';
import type { BlobFile, ImageSource } from './image-source.ts';
import type { Descriptor, Manifest } from './manifest.ts';

const SAVE_TIMEOUT_MS = 600_000;

export class EngineSource implements ImageSource {
  readonly name: string;
  private readonly image: string;
  private readonly signal: AbortSignal;
  private readonly path: string;
  private archive: Promise<ArchiveSource> | undefined;

  /** `folder`: where the saved image lies meanwhile. */
  constructor(image: string, folder: string, signal: AbortSignal) {
    this.name = `docker-daemon:${image}`;
    this.image = image;
    this.signal = signal;
    this.path = join(folder, `saved-${process.pid}-${randomBytes(4).toString('hex')}.tar`);
  }

  async manifest(): Promise<Manifest> {
    return (await this.saved()).manifest();
  }

  async smallBlob(descriptor: Descriptor): Promise<Buffer> {
    return (await this.saved()).smallBlob(descriptor);
  }

  async blobFile(descriptor: Descriptor): Promise<BlobFile> {
    return (await this.saved()).blobFile(descriptor);
  }

  async close(): Promise<void> {
    await rm(this.path, { force: true });
  }

  private saved(): Promise<ArchiveSource> {
    this.archive ??= this.save();
    return this.archive;
  }

  private async save(): Promise<ArchiveSource> {
    const endpoint = findEngine();
    if (endpoint === undefined) throw this.failed('no container engine was found on this machine');
    await makeFolder(join(this.path, '..'));
    const path = `/images/${encodeURI(this.image)}/get`;
    try {
      const response = await new EngineClient(endpoint).open({
        method: 'GET',
        path,
        timeoutMs: SAVE_TIMEOUT_MS,
        signal: this.signal,
      });
      await pipeline(response, createWriteStream(this.path), { signal: this.signal });
    } catch (error) {
      if (this.signal.aborted)
        throw new AssayError('cancelled', 'the pull was cancelled', { class: 'cancelled', cause: error });
      if (error instanceof EngineError) throw this.failed(error.message);
      throw error;
    }
    return new ArchiveSource(this.path, undefined, this.signal);
  }

  private failed(why: string): AssayError {
    return new AssayError('image-not-found', `${this.name}: ${why}`, { class: 'input', retryable: false });
  }
}
