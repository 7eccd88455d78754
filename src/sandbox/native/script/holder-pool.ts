/** Holders with a private folder and a record, one of them prepared ahead: most of what a start costs in these tiers does not depend on what is asked for. */
import { randomBytes } from 'node:crypto';
import { chown, mkdir } from 'node:fs/promises';
import type { AssayPaths } from '../../../base/paths.ts';
import { type HostFiles, sandboxUid } from '../host-files.ts';
import { removeRecord, sandboxFolder, writeRecord } from '../sandbox-records.ts';
import { Holder, type HolderContent } from './holder.ts';

export interface Held {
  id: string;
  runFolder: string;
  holder: Holder;
}

export class HolderPool {
  private readonly paths: AssayPaths;
  private readonly files: () => Promise<HostFiles>;
  private spare: Promise<Held | undefined> = Promise.resolve(undefined);
  private closed = false;

  /** `files` gives the host's files, made once. */
  constructor(paths: AssayPaths, files: () => Promise<HostFiles>) {
    this.paths = paths;
    this.files = files;
  }

  /** A holder with its file system. Throws `sandbox-create-failed`, with nothing left behind. */
  async open(network: 'none' | 'host', content: HolderContent): Promise<Held> {
    const spare = network === 'none' ? await this.takeSpare() : undefined;
    if (spare !== undefined) {
      const opened = await spare.holder.open(content).then(
        () => true,
        () => false, // it died meanwhile, or the request is wrong: a fresh one tells
      );
      if (opened) return spare;
      await this.discard(spare);
    }
    const held = await this.start(network);
    try {
      await held.holder.open(content);
      return held;
    } catch (error) {
      await this.discard(held);
      throw error;
    }
  }

  /** Prepares the next one. */
  refill(): void {
    this.spare = this.spare.then(
      (spare) => spare ?? (this.closed ? undefined : this.start('none').catch(() => undefined)),
    );
  }

  async discard(held: Held): Promise<void> {
    await held.holder.end();
    await removeRecord(this.paths, held.id);
  }

  async close(): Promise<void> {
    this.closed = true;
    const spare = await this.takeSpare();
    if (spare !== undefined) await this.discard(spare);
  }

  private takeSpare(): Promise<Held | undefined> {
    const taken = this.spare;
    this.spare = Promise.resolve(undefined);
    return taken;
  }

  private async start(network: 'none' | 'host'): Promise<Held> {
    const { skeleton } = await this.files();
    const uid = sandboxUid();
    const id = randomBytes(8).toString('hex');
    const runFolder = sandboxFolder(this.paths, id);
    try {
      await mkdir(runFolder, { mode: 0o700 });
      if (uid !== undefined) await chown(runFolder, uid, uid);
      await writeRecord(this.paths, id);
      return { id, runFolder, holder: await Holder.start({ runFolder, skeleton, network, uid }) };
    } catch (error) {
      await removeRecord(this.paths, id);
      throw error;
    }
  }
}
