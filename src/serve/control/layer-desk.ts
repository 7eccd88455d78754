/** The layers that keys make: what they take of the server's disk, and that they go again. */
import type { LayerRef, Sandbox, SandboxBackend } from '../../contracts/index.ts';
import { HttpProblem, notFound, refuse } from '../http/http-problem.ts';
import type { HeldLayer, Holdings } from './holdings.ts';
import { LayerPins } from './layer-pins.ts';

export interface LayerDeskOptions {
  backend: Pick<SandboxBackend, 'removeLayer'>;
  holdings: Holdings;
}

/** The smallest layer costs folders and records. */
const LEAST_BYTES = 1024 ** 2;

export class LayerDesk {
  readonly pins = new LayerPins();
  private readonly backend: LayerDeskOptions['backend'];
  private readonly holdings: Holdings;
  private most = 0;
  /** By owner: bytes of layers that are being made. */
  private readonly coming = new Map<string, number>();
  /** Layers of equal content have one place: they are made and removed one after the other. */
  private readonly making = new Set<Promise<unknown>>();
  private removing: Promise<unknown> = Promise.resolve();

  constructor({ backend, holdings }: LayerDeskOptions) {
    this.backend = backend;
    this.holdings = holdings;
  }

  /** Bytes of all layers of one key, 0 at first. */
  setMost(bytes: number): void {
    this.most = bytes;
  }

  /** The files of a sandbox as a layer of the key; the sandbox is gone afterwards. Throws 507, with the sandbox as it was, when the key has no room for it. */
  async make(owner: string, sandbox: Sandbox): Promise<LayerRef> {
    const bytes = await bytesOf(sandbox);
    await this.holdings.load();
    this.demandRoom(owner, bytes);
    this.expect(owner, bytes);
    try {
      return await this.whileNoneGoes(async () => {
        const layer = await sandbox.snapshot();
        await this.holdings.add(owner, layer.digest, { bytes });
        return layer;
      });
    } finally {
      this.expect(owner, -bytes);
    }
  }

  /** Forks, with the layers that some backends make for them. Throws 507 when the key has no room for any layer. */
  async makeForks(owner: string, parent: Sandbox, count: number): Promise<Sandbox[]> {
    await this.holdings.load();
    this.demandRoom(owner, 0);
    const bytes = await bytesOf(parent);
    return this.whileNoneGoes(async () => {
      const forks = await parent.fork(count);
      for (const fork of forks) {
        this.pins.pinUntilEnd(fork);
        for (const { digest } of fork.spec.layers) await this.holdings.add(owner, digest, { bytes });
      }
      return forks;
    });
  }

  /** Those that the key made, with the bytes they count for, and the most of all together. */
  async list(owner: string): Promise<{ layers: HeldLayer[]; mostBytes: number }> {
    return { layers: await this.holdings.layersOf(owner), mostBytes: this.most };
  }

  /** Throws 404 for a layer that is not the key's. */
  async demand(owner: string, digest: string): Promise<void> {
    if (!(await this.holdings.has(owner, digest))) throw notFound('layer');
  }

  /** The key has it no more; when no other key has it, it is removed. Throws 404 for a layer that is not the key's, 409 while a sandbox stands on it. */
  async remove(owner: string, digest: string): Promise<void> {
    await this.demand(owner, digest);
    if (!(await this.letGo(owner, digest))) throw refuse(409, 'a sandbox stands on this layer');
  }

  /** Layers of keys that were revoked go; those on which a sandbox stands, at a later time. */
  async removeOf(revoked: ReadonlySet<string>): Promise<void> {
    const owners = (await this.holdings.owners()).filter((owner) => revoked.has(owner));
    for (const owner of owners)
      for (const { digest } of await this.holdings.layersOf(owner)) await this.letGo(owner, digest);
  }

  /** False while a sandbox stands on it. */
  private letGo(owner: string, digest: string): Promise<boolean> {
    const making = [...this.making]; // those that come later wait for this one
    const gone = this.removing.then(async () => {
      await Promise.allSettled(making);
      // What others hold stays for them, whoever stands on it.
      const isShared = await this.holdings.isShared(owner, digest);
      const remove = async () => {
        const isGone = isShared || (await this.backend.removeLayer({ digest }));
        if (isGone) await this.holdings.drop(owner, digest);
        return isGone;
      };
      return isShared ? remove() : this.pins.remove(digest, remove);
    });
    this.removing = gone.catch(() => {}); // told to who asked
    return gone;
  }

  /** Carries out what makes layers. */
  private async whileNoneGoes<T>(make: () => Promise<T>): Promise<T> {
    const made = this.removing.then(make);
    this.making.add(made);
    return made.finally(() => this.making.delete(made));
  }

  private demandRoom(owner: string, bytes: number): void {
    const taken = this.holdings.layerBytesOf(owner) + (this.coming.get(owner) ?? 0);
    if (taken + bytes <= this.most) return;
    throw new HttpProblem(507, {
      code: 'disk-full',
      class: 'limit',
      message: `the layers of this key take ${taken} of ${this.most} bytes, and another one has no room`,
      hint: 'Remove some: `GET /v1/layers` lists them, `DELETE /v1/layers/{hex}` removes one.',
      retryable: false,
    });
  }

  private expect(owner: string, bytes: number): void {
    const coming = (this.coming.get(owner) ?? 0) + bytes;
    if (coming > 0) this.coming.set(owner, coming);
    else this.coming.delete(owner);
  }
}

/** What its files take now; where nothing measures that, what they may take. */
async function bytesOf(sandbox: Sandbox): Promise<number> {
  const { writtenBytes } = await sandbox.usage();
  return Math.max(LEAST_BYTES, writtenBytes ?? sandbox.spec.limits.diskBytes);
}
