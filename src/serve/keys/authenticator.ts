/** Who sends a request. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { API_KEY_HEADER } from '../../sandbox/remote/api.ts';
import { clientAddress } from '../http/client-address.ts';
import { busy, HttpProblem } from '../http/http-problem.ts';
import type { KeyRecord, Scope } from './key-record.ts';
import type { KeyStore } from './key-store.ts';
import { RateLimit } from './rate-limit.ts';
import { parseToken } from './token.ts';

/** Keys that were not seen before, of one address or for one record: checking one is slow by design. */
const UNKNOWN_KEYS = { perSecond: 1 / 6, burst: 10 };
const SWEEP_EVERY = 1_000;
const BUCKET_LIFE_MS = 120_000;

export class Authenticator {
  private readonly keys: KeyStore;
  /** Digest of a key that was verified -> id of its record. Saves the slow hash; revocation is still looked up every time. */
  private readonly verified = new Map<string, string>();
  private readonly requests = new RateLimit();
  private readonly unknown = new RateLimit();
  private count = 0;

  constructor(keys: KeyStore) {
    this.keys = keys;
  }

  /**
   * The key of the request (`X-API-Key`, or `Authorization: Bearer`). Throws 401 without a good key, 403 without the scope, 429 above the key's rate and after many unknown keys
   * from one address.
   */
  async demandKey(request: IncomingMessage, scope: Scope): Promise<KeyRecord> {
    this.sweep();
    const text = keyText(request);
    const address = clientAddress(request) ?? '';
    const record = text === undefined ? null : await this.identify(text, address);
    if (record === null) throw unauthorized('a valid account key is needed, in the header X-API-Key');
    if (!record.scopes.includes(scope)) throw forbidden(`this key may not do that: it lacks the scope ${scope}`);
    const wait = this.requests.take(record.id, rateOf(record), performance.now());
    if (wait > 0) throw busy('this key sends too many requests', Math.ceil(wait));
    return record;
  }

  private async identify(text: string, address: string): Promise<KeyRecord | null> {
    const digest = createHash('sha256').update(text).digest('base64');
    const id = this.verified.get(digest);
    if (id !== undefined) {
      const record = (await this.keys.list()).find((one) => one.id === id && one.revokedAt === undefined);
      if (record !== undefined) return record;
      this.verified.delete(digest);
    }
    const token = parseToken(text);
    const isListed = (await this.keys.list()).some((one) => one.id === token?.id && one.revokedAt === undefined);
    // Made-up keys must not keep out a good one of the same address, such as that of a proxy.
    const bucket = isListed ? `key ${token?.id}` : address;
    const wait = this.unknown.take(bucket, UNKNOWN_KEYS, performance.now());
    if (wait > 0) throw busy('too many unknown keys came from this address', Math.ceil(wait));
    const record = token === null || !isListed ? null : await this.keys.verify(token);
    if (record !== null) this.verified.set(digest, record.id);
    return record;
  }

  private sweep(): void {
    if (++this.count % SWEEP_EVERY !== 0) return;
    const now = performance.now();
    this.requests.sweep(now, BUCKET_LIFE_MS);
    this.unknown.sweep(now, BUCKET_LIFE_MS);
  }
}

function rateOf({ requestsPerSecond }: KeyRecord) {
  return { perSecond: requestsPerSecond, burst: requestsPerSecond * 2 };
}

function keyText(request: IncomingMessage): string | undefined {
  const header = request.headers[API_KEY_HEADER];
  if (typeof header === 'string') return header;
  return /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
}

/** Says what is missing, never whether a part of it was right. */
export function unauthorized(message: string): HttpProblem {
  return new HttpProblem(401, { code: 'usage', class: 'input', message, retryable: false });
}

function forbidden(message: string): HttpProblem {
  return new HttpProblem(403, { code: 'usage', class: 'input', message, retryable: false });
}
