/** The first words of a connection to an agent in a pod, and its answer; see `container-agent/link.h`. */
import { randomBytes } from 'node:crypto';
import { number64 } from './session-packets.ts';
import { NONCE_BYTES, SEAL_BYTES, type SessionSeal } from './session-seal.ts';

const MAGIC = Buffer.from('ASSAYPOD');
export const ANSWER_BYTES = MAGIC.length + 16 + SEAL_BYTES;

export interface Greeting {
  bytes: Buffer;
  nonce: Buffer;
}

export interface Answer {
  /** Bytes of the controller that the agent has. */
  has: number;
  /** The agent's clock at its start, in nanoseconds. */
  startedNs: bigint;
}

/** `tellKey`: as long as the agent has answered nothing. `received`: bytes of the session. */
export function greeting(seal: SessionSeal, { tellKey, received }: { tellKey: boolean; received: number }): Greeting {
  const nonce = randomBytes(NONCE_BYTES);
  const count = number64(received);
  const key = tellKey ? seal.key : Buffer.alloc(seal.key.length);
  return { bytes: Buffer.concat([MAGIC, key, nonce, count, seal.of('greeting', nonce, count)]), nonce };
}

/** Undefined when it is not the agent's answer to the greeting with this nonce. `bytes`: at least `ANSWER_BYTES`. */
export function readAnswer(seal: SessionSeal, nonce: Buffer, bytes: Buffer): Answer | undefined {
  const numbers = bytes.subarray(MAGIC.length, MAGIC.length + 16);
  const sealed = bytes.subarray(MAGIC.length + 16, ANSWER_BYTES);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || !seal.isRight(sealed, 'answer', nonce, numbers)) {
    return undefined;
  }
  return { has: Number(numbers.readBigUInt64LE(0)), startedNs: numbers.readBigUInt64LE(8) };
}
