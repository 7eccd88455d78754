/** Digests of data: SHA-256 over bytes, and over JSON in one canonical form (object keys sorted by code unit, no white space). */
import { createHash } from 'node:crypto';

/** `sha256:<64 hex>` of the bytes (UTF-8 for strings). */
export function sha256(data: string | Uint8Array): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** JSON with sorted keys; `undefined` members are left out, as in JSON.stringify. Equal data gives equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    const entries = Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return Object.fromEntries(entries);
  });
}

/** Digest of data by its canonical JSON. */
export function digestOf(value: unknown): `sha256:${string}` {
  return sha256(canonicalJson(value));
}
