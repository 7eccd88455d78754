/** Published package archives, from the configured registry, checked and cached by content: a second use needs no network. */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { digestOf } from '../base/digest.ts';
import { AssayError } from '../contracts/index.ts';

const npmVersionSchema = z.object({ dist: z.object({ tarball: z.string(), integrity: z.string().optional() }) });
const pypiIndexSchema = z.object({
  files: z.array(
    z.object({ filename: z.string(), url: z.string(), hashes: z.record(z.string(), z.string()).default({}) }),
  ),
});

/** The tarball of `name@version`. `integrity`: an SRI string such as `sha512-...`. */
export async function downloadNpm(
  spec: string,
  integrity: string | undefined,
  folder: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const at = spec.lastIndexOf('@');
  const [name, version] = [spec.slice(0, at), spec.slice(at + 1)];
  return cached(folder, digestOf({ npm: spec, integrity }), async () => {
    const registry = (process.env.npm_config_registry ?? 'https://registry.npmjs.org').replace(/\/$/, '');
    const metadata = npmVersionSchema.parse(
      JSON.parse((await get(`${registry}/${name.replace('/', '%2f')}/${version}`, signal)).toString()),
    );
    const bytes = await get(metadata.dist.tarball, signal);
    checkIntegrity(spec, bytes, integrity ?? metadata.dist.integrity);
    return bytes;
  });
}

/** The sdist of `name==version` from a PEP 691 index. */
export async function downloadPypi(
  spec: string,
  sha256: string | undefined,
  folder: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const [name = '', version = ''] = spec.split('==');
  return cached(folder, digestOf({ pypi: spec, sha256 }), async () => {
    const index = (process.env.PIP_INDEX_URL ?? 'https://pypi.org/simple').replace(/\/$/, '');
    const page = `${index}/${name.toLowerCase().replace(/[-_.]+/g, '-')}/`;
    const text = (
      await get(page, signal, { accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.5' })
    ).toString();
    const file = indexFiles(text, page).find((one) => sdistOf(one.filename, name) === version);
    if (file === undefined) throw failed(`${spec}: the index has no sdist of this version`, false);
    const bytes = await get(file.url, signal);
    const expected = sha256 ?? file.hashes.sha256;
    if (expected !== undefined)
      checkIntegrity(spec, bytes, `sha256-${Buffer.from(expected, 'hex').toString('base64')}`);
    return bytes;
  });
}

/** Version of a source archive's file name, when it is one of this project. */
function sdistOf(filename: string, name: string): string | undefined {
  const match = /^(.+)-([^-]+?)\.(tar\.gz|tgz|zip)$/.exec(filename);
  const normal = (text: string) => text.toLowerCase().replace(/[-_.]+/g, '-');
  return match !== null && match[3] !== 'zip' && normal(match[1] ?? '') === normal(name) ? match[2] : undefined;
}

/** JSON (PEP 691), or the older HTML form with hashes in the links (PEP 503). */
function indexFiles(text: string, page: string): z.infer<typeof pypiIndexSchema>['files'] {
  const absolute = (url: string) => new URL(url, page).href;
  if (text.trimStart().startsWith('{'))
    return pypiIndexSchema.parse(JSON.parse(text)).files.map((file) => ({ ...file, url: absolute(file.url) }));
  return [...text.matchAll(/<a[^>]+href="([^"#]+)(?:#sha256=([0-9a-f]{64}))?[^"]*"[^>]*>([^<]+)<\/a>/g)].map(
    ([, url = '', hash, filename = '']) => ({
      filename: filename.trim(),
      url: absolute(url.replaceAll('&amp;', '&')),
      hashes: hash === undefined ? ({} as Record<string, string>) : { sha256: hash },
    }),
  );
}

async function cached(folder: string, key: string, fetchBytes: () => Promise<Buffer>): Promise<Buffer> {
  const path = join(folder, key.slice('sha256:'.length));
  const known = await readFile(path).catch(() => undefined);
  if (known !== undefined) return known;
  const bytes = await fetchBytes();
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(path, bytes);
  return bytes;
}

function checkIntegrity(spec: string, bytes: Buffer, integrity: string | undefined): void {
  const [algorithm = '', expected = ''] = (integrity ?? '').split(/-(.*)/s);
  if (!['sha512', 'sha256', 'sha384', 'sha1'].includes(algorithm))
    throw failed(`${spec}: the integrity ${integrity} is of no known kind`, false);
  const actual = createHash(algorithm).update(bytes).digest('base64');
  if (actual !== expected) throw failed(`${spec}: the archive does not have the expected ${algorithm} digest`, false);
}

const TRIES = 4;

async function get(url: string, signal: AbortSignal, headers: Record<string, string> = {}): Promise<Buffer> {
  for (let attempt = 1; ; attempt++) {
    const problem = await tryGet(url, signal, headers);
    if (Buffer.isBuffer(problem)) return problem;
    if (attempt >= TRIES || !problem.retryable) throw failed(`${url}: ${problem.message}`, problem.retryable);
    await sleep(500 * 2 ** attempt, undefined, { signal });
  }
}

async function tryGet(
  url: string,
  signal: AbortSignal,
  headers: Record<string, string>,
): Promise<Buffer | { message: string; retryable: boolean }> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(120_000)]) });
    if (response.ok) return Buffer.from(await response.arrayBuffer());
    return {
      message: `the registry answers ${response.status}`,
      retryable: response.status === 429 || response.status >= 500,
    };
  } catch (error) {
    signal.throwIfAborted();
    return {
      message:
        error instanceof Error
          ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}`
          : String(error),
      retryable: true,
    };
  }
}

function failed(message: string, retryable: boolean): AssayError {
  return new AssayError('environment-build-failed', message, {
    class: 'infra',
    retryable,
    hint: 'Check the network and the registry settings (npm_config_registry, PIP_INDEX_URL).',
  });
}
