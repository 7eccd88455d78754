/** Keys as their holders have them: `assay_<id>_<secret>`. The id finds the record, the secret (256 random bits) proves the holder. */
import { randomBytes } from 'node:crypto';

export interface Token {
  id: string;
  secret: string;
}

/** A new key that nobody else has. */
export function makeToken(): Token {
  return { id: randomBytes(6).toString('hex'), secret: randomBytes(32).toString('base64url') };
}

export function tokenText({ id, secret }: Token): string {
  return `assay_${id}_${secret}`;
}

/** Null for what is no key. */
export function parseToken(text: string): Token | null {
  const match = /^assay_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/.exec(text);
  return match === null ? null : { id: match[1] ?? '', secret: match[2] ?? '' };
}
