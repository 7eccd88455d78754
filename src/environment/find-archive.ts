/**
 * The archive of an exact package version, asked of the registry: npm's package document for one version (`dist.tarball`, `dist.integrity`), PyPI's simple index as JSON
 * (PEP 691) or HTML (PEP 503).
 */
import { z } from 'zod';
import { AssayError } from '../contracts/index.ts';
import { normalPypiName, type PackageSpec } from '../dataset/package-spec.ts';
import { type FetchOptions, fetchRetry } from './fetch-retry.ts';
import type { Registry } from './registry-config.ts';

export interface FoundArchive {
  url: string;
  fileName: string;
  /** What the registry says about the content: `sha512-<base64>` and the like, or undefined when it says nothing. */
  integrity: string | undefined;
}

type Ask = Omit<FetchOptions, 'maxBytes' | 'headers'>;

const MAX_INDEX_BYTES = 64 * 1024 ** 2;

const npmVersionSchema = z.object({
  dist: z.object({ tarball: z.string(), integrity: z.string().optional(), shasum: z.string().optional() }),
});

/** Throws `environment-build-failed` when the version is not there. */
export async function findNpmArchive(spec: PackageSpec, registry: Registry, ask: Ask): Promise<FoundArchive> {
  const name = spec.name.replace('/', '%2f');
  const headers = { accept: 'application/json', ...authorization(registry) };
  const reply = await fetchRetry(`${registry.url}${name}/${spec.version}`, {
    ...ask,
    headers,
    maxBytes: MAX_INDEX_BYTES,
  });
  const parsed = npmVersionSchema.safeParse(json(reply.body));
  if (!parsed.success) throw notFound(spec, `${reply.url} is not a package document`);
  const { tarball, integrity, shasum } = parsed.data.dist;
  const url = new URL(tarball, registry.url);
  // A mirror may pass the public address on; npm itself then asks the mirror, and so does this.
  if (url.origin === 'https://registry.npmjs.org' && !registry.url.startsWith(url.origin)) {
    return {
      url: registry.url + url.pathname.slice(1),
      fileName: fileNameOf(url),
      integrity: integrity ?? sha1(shasum),
    };
  }
  return { url: url.href, fileName: fileNameOf(url), integrity: integrity ?? sha1(shasum) };
}

const simpleIndexSchema = z.object({
  files: z.array(
    z.object({ filename: z.string(), url: z.string(), hashes: z.record(z.string(), z.string()).default({}) }),
  ),
});

/** The sdist: `.tar.gz` before `.tar.bz2` before `.zip`. Throws `environment-build-failed` when the version has none. */
export async function findPypiArchive(spec: PackageSpec, registry: Registry, ask: Ask): Promise<FoundArchive> {
  const accept = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';
  const address = `${registry.url}${normalPypiName(spec.name)}/`;
  const reply = await fetchRetry(address, {
    ...ask,
    headers: { accept, ...authorization(registry) },
    maxBytes: MAX_INDEX_BYTES,
  });
  const files = reply.contentType.includes('json') ? jsonFiles(reply.body, spec) : htmlFiles(reply.body.toString());
  for (const ending of ['.tar.gz', '.tar.bz2', '.zip']) {
    const file = files.find(({ filename }) => isSdist(filename, spec, ending));
    if (file === undefined) continue;
    const url = new URL(file.url, reply.url).href;
    return { url, fileName: file.filename, integrity: hexIntegrity(file.hashes.sha256) };
  }
  throw notFound(spec, 'the index has no sdist of this version');
}

function jsonFiles(body: Buffer, spec: PackageSpec) {
  const parsed = simpleIndexSchema.safeParse(json(body));
  if (!parsed.success) throw notFound(spec, 'the reply is not a simple index');
  return parsed.data.files;
}

/** Anchors of a PEP 503 page. */
function htmlFiles(html: string) {
  const files: { filename: string; url: string; hashes: Record<string, string> }[] = [];
  for (const [, attributes = '', text = ''] of html.matchAll(/<a\s([^>]*)>([^<]*)<\/a>/gi)) {
    const href = /href\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(attributes);
    const url = (href?.[1] ?? href?.[2])?.replaceAll('&amp;', '&');
    if (url === undefined) continue;
    const hash = /#(\w+)=([0-9a-fA-F]+)$/.exec(url);
    const hashes = hash?.[1] === undefined || hash[2] === undefined ? {} : { [hash[1]]: hash[2].toLowerCase() };
    files.push({ filename: text.trim(), url: url.replace(/#.*$/, ''), hashes });
  }
  return files;
}

function isSdist(fileName: string, spec: PackageSpec, ending: string): boolean {
  if (!fileName.endsWith(ending)) return false;
  const stem = fileName.slice(0, -ending.length);
  const version = stem.slice(stem.length - spec.version.length - 1);
  return version === `-${spec.version}` && normalPypiName(stem.slice(0, -version.length)) === normalPypiName(spec.name);
}

function authorization(registry: Registry): Record<string, string> {
  return registry.authorization === undefined ? {} : { authorization: registry.authorization };
}

function hexIntegrity(hex: string | undefined): string | undefined {
  return hex === undefined ? undefined : `sha256-${Buffer.from(hex, 'hex').toString('base64')}`;
}

function sha1(hex: string | undefined): string | undefined {
  return hex === undefined ? undefined : `sha1-${Buffer.from(hex, 'hex').toString('base64')}`;
}

function fileNameOf(url: URL): string {
  return decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined; // judged by the schema
  }
}

function notFound(spec: PackageSpec, why: string): AssayError {
  return new AssayError('environment-build-failed', `${spec.registry} package ${spec.name} ${spec.version}: ${why}`, {
    class: 'task',
    retryable: false,
  });
}
