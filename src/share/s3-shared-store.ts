/**
 * A shared store in a bucket of S3 or of a service that speaks its protocol. A text is an object, its version the ETag: writes go with If-None-Match or If-Match, which such services hold since 2024 (S3 itself)
 * and which is tried at the opening, as one that ignores them would give an attempt to two. Credentials, region and endpoint come from the environment as for every AWS client.
 */
import type { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { AssayError, type SharedEntry, type SharedStore } from '../contracts/index.ts';
import { checkKey, refusedBy, tooLarge, unreachable } from './shared-key.ts';

const CONNECT_MS = 5_000;
const TEXT_MS = 20_000;
const BYTES_MS = 600_000;
/** Of one attempt; what is longer is not read either. */
const MOST_BYTES = 2 ** 30;
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** `url`: `s3://BUCKET/PREFIX`. Throws `config-invalid` for a bucket that cannot be used, `store-unreachable`. */
export async function openS3SharedStore(url: URL, env: NodeJS.ProcessEnv = process.env): Promise<SharedStore> {
  // The client is pinned; that its later versions will need a later Node is no news for every run.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const sdk = await import('@aws-sdk/client-s3');
  const bucket = url.hostname;
  const base = url.pathname
    .split('/')
    .filter(Boolean)
    .map((word) => `${checkKey(word)}/`)
    .join('');
  const name = `s3://${bucket}/${base}`;
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  const client: S3Client = new sdk.S3Client({
    region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1',
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    // A client that asks again by itself takes its own first write for another one's.
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS },
  });
  const place = (key: string) => ({ Bucket: bucket, Key: `${base}${checkKey(key)}` });
  const within = (ms: number) => ({ abortSignal: AbortSignal.timeout(ms) });
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw told(name, error);
    }
  };

  const read = async (key: string, ms: number) => {
    try {
      const found = await client.send(new sdk.GetObjectCommand(place(key)), within(ms));
      if ((found.ContentLength ?? 0) > MOST_BYTES) return null;
      return { bytes: Buffer.from((await found.Body?.transformToByteArray()) ?? []), version: found.ETag ?? '' };
    } catch (error) {
      if ((error as Partial<S3ServiceException>).name === 'NoSuchKey') return null;
      throw error;
    }
  };

  const put = async (key: string, text: string, ifVersion: string | null): Promise<string | null> => {
    const condition = ifVersion === null ? { IfNoneMatch: '*' } : { IfMatch: ifVersion };
    try {
      const body = { Body: Buffer.from(text), ContentType: 'application/json' };
      const done = await client.send(
        new sdk.PutObjectCommand({ ...place(key), ...body, ...condition }),
        within(TEXT_MS),
      );
      return done.ETag ?? '';
    } catch (error) {
      const { name: code, $metadata } = error as Partial<S3ServiceException>;
      if ($metadata?.httpStatusCode === 412 || code === 'NoSuchKey') return null;
      throw error;
    }
  };

  const versions = async (prefix: string): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    for (let token: string | undefined; ; ) {
      const range = { Bucket: bucket, Prefix: `${base}${checkKey(prefix)}/`, ContinuationToken: token };
      const page = await client.send(new sdk.ListObjectsV2Command(range), within(TEXT_MS));
      for (const { Key = '', ETag = '' } of page.Contents ?? []) found.set(Key.slice(base.length), ETag);
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      if (token === undefined) return found;
    }
  };

  const store: SharedStore = {
    name,
    get: (key) =>
      ask(async (): Promise<SharedEntry | null> => {
        const found = await read(key, TEXT_MS);
        return found === null ? null : { text: found.bytes.toString('utf8'), version: found.version };
      }),
    put: (key, text, ifVersion) => ask(() => put(key, text, ifVersion)),
    versions: (prefix) => ask(() => versions(prefix)),
    putBytes: (key, bytes) =>
      ask(async () => {
        if (bytes.length > MOST_BYTES) throw tooLarge(name, key, bytes.length, MOST_BYTES);
        await client.send(new sdk.PutObjectCommand({ ...place(key), Body: bytes }), within(BYTES_MS));
      }),
    getBytes: (key) => ask(async () => (await read(key, BYTES_MS))?.bytes ?? null),
    close: async () => client.destroy(),
  };
  try {
    await checkConditions(store);
  } catch (error) {
    client.destroy();
    throw error;
  }
  return store;
}

/** Throws `config-invalid` when a write goes through whose condition does not hold. */
async function checkConditions(store: SharedStore): Promise<void> {
  const key = 'conditions-check';
  const version = (await store.put(key, 'one', null)) ?? (await store.get(key))?.version ?? '';
  const again = await store.put(key, 'two', null);
  const other = await store.put(key, 'three', `"${'0'.repeat(32)}"`);
  if (again === null && other === null && version !== '') return;
  throw refusedBy(store.name, 'this service does not hold conditional writes (If-None-Match, If-Match)', undefined);
}

function told(name: string, error: unknown): AssayError {
  if (error instanceof AssayError) return error;
  const { name: kind = '', message = String(error), $metadata } = error as Partial<S3ServiceException>;
  const { code } = error as { code?: unknown };
  const status = $metadata?.httpStatusCode;
  const what = `${kind === '' || message.includes(kind) ? '' : `${kind}: `}${message || String(code)}`;
  // 409: two conditional writes met; neither says what is there now.
  const passing = status === undefined ? isNetwork(kind, code) : status >= 500 || [408, 409, 429].includes(status);
  return passing ? unreachable(name, what, error) : refusedBy(name, what, error);
}

function isNetwork(kind: string, code: unknown): boolean {
  return (
    ['TimeoutError', 'AbortError', 'NetworkingError'].includes(kind) ||
    (typeof code === 'string' && NETWORK_CODES.has(code))
  );
}
