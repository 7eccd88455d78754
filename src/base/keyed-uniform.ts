import { sha256 } from './digest.ts';

/** A number in [0, 1) that looks drawn at random and follows from the key alone. */
export function keyedUniform(key: string): number {
  return Number.parseInt(sha256(key).slice(-12), 16) / 2 ** 48;
}
