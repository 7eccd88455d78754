/**
 * The layers and images that each key may name: those that it made, or was told the digest of. Digests follow from content, so whoever guesses a content could ask whether
 * somebody has it; of what a key does not hold the server says nothing. Kept on disk, because layers outlive sandboxes and servers.
 */
import { appendFile, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../../base/make-folder.ts';

const lineSchema = z.object({ owner: z.string(), digest: z.string(), name: z.string().optional() });
type Line = z.infer<typeof lineSchema>;

export class Holdings {
  private readonly path: string;
  private loading: Promise<void> | undefined;
  private readonly digests = new Set<string>();
  private readonly names = new Map<string, string>();
  private turn: Promise<unknown> = Promise.resolve();

  /** `home`: `AssayPaths.home`. One process at a time may use it. */
  constructor(home: string) {
    this.path = join(home, 'serve', 'holdings.jsonl');
  }

  async has(owner: string, digest: string): Promise<boolean> {
    await this.load();
    return this.digests.has(`${owner} ${digest}`);
  }

  /** The digest of an image that this key gave the name. */
  async imageNamed(owner: string, name: string): Promise<string | undefined> {
    await this.load();
    return this.names.get(`${owner} ${name}`);
  }

  /** Resolves when it is with the operating system. `name`: of an image; a later one with the name takes its place. */
  async add(owner: string, digest: string, name?: string): Promise<void> {
    await this.load();
    const isKnown = name === undefined ? this.digests.has(`${owner} ${digest}`) : false;
    if (isKnown) return;
    const line: Line = { owner, digest, ...(name === undefined ? {} : { name }) };
    const written = this.turn.then(() => appendFile(this.path, `${JSON.stringify(line)}\n`, { mode: 0o600 }));
    this.turn = written.catch(() => {}); // told to the one that adds
    await written;
    this.take(line);
  }

  private load(): Promise<void> {
    this.loading ??= this.read();
    return this.loading;
  }

  private async read(): Promise<void> {
    await makeFolder(dirname(this.path));
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    for (const row of text.split('\n')) {
      const line = parseLine(row);
      if (line !== null) this.take(line);
    }
    // A line that was torn by a crash must not take the next one with it.
    if (text !== '' && !text.endsWith('\n')) await appendFile(this.path, '\n');
  }

  private take({ owner, digest, name }: Line): void {
    this.digests.add(`${owner} ${digest}`);
    if (name !== undefined) this.names.set(`${owner} ${name}`, digest);
  }
}

/** Null for a line that was torn by a crash. */
function parseLine(row: string): Line | null {
  try {
    return lineSchema.parse(JSON.parse(row));
  } catch {
    return null;
  }
}
