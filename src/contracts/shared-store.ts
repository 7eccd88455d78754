/**
 * One place that processes on several hosts reach, through which they share a run: small texts that are replaced only by who has seen them as they are, and large ones that never change. What leases and
 * results are is built on this alone (`src/share/lease-book.ts`), so a further kind of store is one file. Contract suite: `test/contracts/shared-store-contract.ts`.
 *
 * Keys are words of `A-Z a-z 0-9 % ~ . _ -`, joined by `/`; none of them is `.` or `..`. Every call throws `store-unreachable` (retryable) when the store gives no answer: what was asked for has been
 * done or not. It throws `config-invalid` when the store refuses this client. What others put there is not trusted: readers check it.
 */
export interface SharedStore {
  /** For messages: where it is, without credentials. */
  readonly name: string;
  /** A text with its version; null when there is none. */
  get(key: string): Promise<SharedEntry | null>;
  /**
   * Writes a text if it still has that version, `null`: if there is none. Resolves to its new version once it is durable; to null when it has another version. Of several writers with the
   * same version exactly one gets a version. Every version of a key is a different one as long as no text is written twice.
   */
  put(key: string, text: string, ifVersion: string | null): Promise<string | null>;
  /** Texts whose keys begin with `prefix` and `/`, with their versions. What was written before the call is in it; keys of bytes may be. */
  versions(prefix: string): Promise<Map<string, string>>;
  /** Keeps bytes under a key that nobody else uses; resolves once they are durable. Throws `store-invalid` for more than the store takes. */
  putBytes(key: string, bytes: Buffer): Promise<void>;
  /** Null when there are none. */
  getBytes(key: string): Promise<Buffer | null>;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface SharedEntry {
  text: string;
  version: string;
}
