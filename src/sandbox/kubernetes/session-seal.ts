/**
 * Proof that the bytes of a session come from its two ends (`container-agent/seal.h`): programs of the sandbox can stop and kill the relay between them, and with luck
 * open its pipes, so nothing that the relay carries is believed without it.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export const SEAL_BYTES = 16;
export const NONCE_BYTES = 16;
const KEY_BYTES = 32;

/** Who wrote what is sealed, and what kind of thing it is. */
export type SealedAs = 'greeting' | 'answer' | 'from-controller' | 'from-sandbox';
const LETTERS: Record<SealedAs, string> = { greeting: 'G', answer: 'A', 'from-controller': 'C', 'from-sandbox': 'S' };

export class SessionSeal {
  /** What the first greeting brings to the agent, and no later one. */
  readonly key: Buffer = randomBytes(KEY_BYTES);

  /** Of these parts in this order. */
  of(as: SealedAs, ...parts: readonly Uint8Array[]): Buffer {
    const hash = createHmac('sha256', this.key).update(LETTERS[as]);
    for (const part of parts) hash.update(part);
    return hash.digest().subarray(0, SEAL_BYTES);
  }

  /** `seal` must have `SEAL_BYTES`. */
  isRight(seal: Uint8Array, as: SealedAs, ...parts: readonly Uint8Array[]): boolean {
    return timingSafeEqual(seal, this.of(as, ...parts));
  }
}
