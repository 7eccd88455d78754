/**
 * The layers and images that each key may name: those that it made, or was told the digest of. Digests follow from content, so whoever guesses a content could ask whether
 * somebody has it; of what a key does not hold the server says nothing. Kept on disk, because layers outlive sandboxes and servers.
 */
import { appendFile, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { makeFolder } from '../../base/make-folder.ts';

const lineSchema = z.object({
  owner: z.string(),
  digest: z.string(),
  name: z.string().optional(),
  bytes: z.number().nonnegative().optional(),
  /** It is not held from here on. */
  dropped: z.literal(true).optional(),
});
type Line = z.infer<typeof lineSchema>;

/** What is noted with a digest. `name`: of an image; a later one with the name takes its place. `bytes`: of a layer that the key made. */
export type HoldingFacts = Pick<Line, 'name' | 'bytes'>;

export interface HeldLayer {
  digest: string;
  bytes: number;
}

/** Lines that say nothing any more, before the file is written anew. */
const MAX_STALE = 1_000;

export class Holdings {
  private readonly path: string;
  private loading: Promise<void> | undefined;
  /** By owner, then by digest; bytes of layers that the owner made. */
  private readonly held = new Map<string, Map<string, number | undefined>>();
  private readonly names = new Map<string, string>();
  private stale = 0;
  private turn: Promise<unknown> = Promise.resolve();

  /** `home`: `AssayPaths.home`. One process at a time may use it. */
  constructor(home: string) {
    this.path = join(home, 'serve', 'holdings.jsonl');
  }

  /** Reads what is on disk, once; all other methods do it too. */
  load(): Promise<void> {
    this.loading ??= this.read().catch((error: unknown) => {
      this.loading = undefined; // the next one tries again
      throw error;
    });
    return this.loading;
  }

  async has(owner: string, digest: string): Promise<boolean> {
    await this.load();
    return this.held.get(owner)?.has(digest) ?? false;
  }

  /** Another key holds it too. */
  async isShared(owner: string, digest: string): Promise<boolean> {
    await this.load();
    return [...this.held].some(([other, digests]) => other !== owner && digests.has(digest));
  }

  async owners(): Promise<string[]> {
    await this.load();
    return [...this.held.keys()];
  }

  /** The layers that the key made. */
  async layersOf(owner: string): Promise<HeldLayer[]> {
    await this.load();
    const digests = this.held.get(owner) ?? new Map<string, number | undefined>();
    return [...digests].flatMap(([digest, bytes]) => (bytes === undefined ? [] : [{ digest, bytes }]));
  }

  /** Of all layers that the key made; 0 before `load`. */
  layerBytesOf(owner: string): number {
    return [...(this.held.get(owner)?.values() ?? [])].reduce<number>((sum, bytes = 0) => sum + bytes, 0);
  }

  /** The digest of an image that this key gave the name. */
  async imageNamed(owner: string, name: string): Promise<string | undefined> {
    await this.load();
    return this.names.get(nameKey(owner, name));
  }

  /** Resolves when it is with the operating system. */
  async add(owner: string, digest: string, facts: HoldingFacts = {}): Promise<void> {
    if (facts.name === undefined && (await this.has(owner, digest))) return;
    await this.write({ owner, digest, ...facts });
  }

  /** The key holds it no more. Resolves when that is with the operating system. */
  async drop(owner: string, digest: string): Promise<void> {
    if (await this.has(owner, digest)) await this.write({ owner, digest, dropped: true });
  }

  private async write(line: Line): Promise<void> {
    await this.load();
    const written = this.turn.then(async () => {
      await appendFile(this.path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
      this.take(line);
      if (this.stale > MAX_STALE) await this.rewrite();
    });
    this.turn = written.catch(() => {}); // told to who wrote
    await written;
  }

  private async read(): Promise<void> {
    await makeFolder(dirname(this.path));
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    // A line that was torn by a crash must not take the next one with it.
    if (text !== '' && !text.endsWith('\n')) await appendFile(this.path, '\n');
    for (const row of text.split('\n')) {
      const line = parseLine(row);
      if (line !== null) this.take(line);
    }
  }

  private take({ owner, digest, name, bytes, dropped }: Line): void {
    const digests = this.held.get(owner) ?? new Map<string, number | undefined>();
    this.held.set(owner, digests);
    if (dropped) {
      this.stale += 2; // this line, and the one that it ends
      digests.delete(digest);
      if (digests.size === 0) this.held.delete(owner);
      return;
    }
    digests.set(digest, bytes ?? digests.get(digest));
    if (name !== undefined) this.names.set(nameKey(owner, name), digest);
  }

  private async rewrite(): Promise<void> {
    const lines: Line[] = [];
    for (const [owner, digests] of this.held)
      for (const [digest, bytes] of digests) lines.push({ owner, digest, ...(bytes === undefined ? {} : { bytes }) });
    for (const [key, digest] of this.names) {
      const { owner, name } = partsOf(key);
      if (this.held.get(owner)?.has(digest)) lines.push({ owner, digest, name });
    }
    await writeFileAtomic(this.path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''), 0o600);
    this.stale = 0;
  }
}

/** Ids of keys hold no space. */
function nameKey(owner: string, name: string): string {
  return `${owner} ${name}`;
}

function partsOf(key: string): { owner: string; name: string } {
  const at = key.indexOf(' ');
  return { owner: key.slice(0, at), name: key.slice(at + 1) };
}

/** Null for a line that was torn by a crash. */
function parseLine(row: string): Line | null {
  try {
    return lineSchema.parse(JSON.parse(row));
  } catch {
    return null;
  }
}
