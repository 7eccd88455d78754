/** Which layers starts and sandboxes stand on: none of them goes. */
import type { LayerRef, Sandbox } from '../../contracts/index.ts';
import { refuse } from '../http/http-problem.ts';

export class LayerPins {
  /** By digest. */
  private readonly counts = new Map<string, number>();
  /** Digests of layers that are being removed. */
  private readonly going = new Set<string>();

  /** None of these goes until the result is called. Throws 404 for one that is going. */
  pin(layers: readonly LayerRef[]): () => void {
    const digests = layers.map(({ digest }) => digest);
    for (const digest of digests)
      if (this.going.has(digest)) throw refuse(404, `this key has no layer ${digest}`, 'sandbox-create-failed');
    for (const digest of digests) this.count(digest, 1);
    return () => {
      for (const digest of digests.splice(0)) this.count(digest, -1);
    };
  }

  pinUntilEnd(sandbox: Sandbox): void {
    const unpin = this.pin(sandbox.spec.layers);
    void sandbox.closed.then(unpin);
  }

  /** A sandbox on these layers, none of which goes before its end. Throws 404 for one that is going. */
  async makeSandbox(layers: readonly LayerRef[], create: () => Promise<Sandbox>): Promise<Sandbox> {
    const unpin = this.pin(layers);
    try {
      const sandbox = await create();
      this.pinUntilEnd(sandbox);
      return sandbox;
    } finally {
      unpin();
    }
  }

  /** Carries the removal of a layer out, unless something stands on it: false then. */
  async remove(digest: string, remove: () => Promise<boolean>): Promise<boolean> {
    if (this.counts.has(digest)) return false;
    this.going.add(digest);
    try {
      return await remove();
    } finally {
      this.going.delete(digest);
    }
  }

  private count(digest: string, more: number): void {
    const pins = (this.counts.get(digest) ?? 0) + more;
    if (pins > 0) this.counts.set(digest, pins);
    else this.counts.delete(digest);
  }
}
