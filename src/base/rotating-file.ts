/** A file of lines that keeps to a size: when it is full it is set aside as `<path>.1`, the one before that as `<path>.2`, and so on; the oldest goes. */
import { appendFile, rename, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';

export interface RotatingFileOptions {
  path: string;
  /** Of the file; a single text may be longer. */
  maxBytes: number;
  /** Files set aside, at least one. */
  kept: number;
}

export class RotatingFile {
  private readonly options: RotatingFileOptions;
  /** Unknown before the first text. */
  private bytes: number | undefined;

  constructor(options: RotatingFileOptions) {
    this.options = options;
  }

  /** Adds a text, whole or not at all; resolves when it is with the operating system. Creates file and folder, for their owner only. One at a time. */
  async append(text: string): Promise<void> {
    const { path, maxBytes } = this.options;
    const added = Buffer.byteLength(text);
    let before = this.bytes ?? (await this.open());
    if (before > 0 && before + added > maxBytes) {
      await this.setAside();
      before = 0;
    }
    this.bytes = before;
    try {
      await appendFile(path, text, { mode: 0o600 });
    } catch (error) {
      await truncate(path, before).catch(() => {}); // a part of it may stay on a disk that does not even do that
      throw error;
    }
    this.bytes = before + added;
  }

  private async open(): Promise<number> {
    await makeFolder(dirname(this.options.path));
    return (await stat(this.options.path).catch(absent))?.size ?? 0;
  }

  private async setAside(): Promise<void> {
    const { path, kept } = this.options;
    for (let n = kept; n > 0; n--) await rename(n === 1 ? path : `${path}.${n - 1}`, `${path}.${n}`).catch(absent);
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
