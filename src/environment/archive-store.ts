/**
 * Downloaded package archives, kept by the digest of their content: `downloads/<sha256>` with `downloads/index/<digest of name>.json` beside them. What is there once is never
 * asked of the network again; content is checked whenever it is read, and bad content is fetched anew.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { canonicalJson, digestOf, sha256 } from '../base/digest.ts';
import { makeFolder } from '../base/make-folder.ts';
import { readRecord } from '../base/read-record.ts';
import { AssayError } from '../contracts/index.ts';
import { type PackageSpec, parsePackageSpec } from '../dataset/package-spec.ts';
import type { FetchOptions } from './fetch-retry.ts';
import { fetchRetry } from './fetch-retry.ts';
import { findNpmArchive, findPypiArchive } from './find-archive.ts';
import type { RegistryConfig } from './registry-config.ts';

/** `source` or a derived `gold` of a task. */
export type PackageRef =
  | { npm: string; integrity?: string | undefined }
  | { pypi: string; sha256?: string | undefined };

export interface Archive {
  data: Buffer;
  fileName: string;
  sha256: string;
}

export interface ArchiveStoreOptions {
  /** `paths.downloads` */
  folder: string;
  registries: () => Promise<RegistryConfig>;
  http?: Pick<FetchOptions, 'fetch' | 'tries' | 'waitMs' | 'timeoutMs'>;
}

const entrySchema = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), fileName: z.string() });
const MAX_ARCHIVE_BYTES = 256 * 1024 ** 2;

/** Archives of exact versions. Safe for many processes: whoever is last writes the same bytes. */
export class ArchiveStore {
  private readonly options: ArchiveStoreOptions;

  constructor(options: ArchiveStoreOptions) {
    this.options = options;
  }

  /** Throws `environment-build-failed` when it cannot be had or is not what the task (or the registry) says it is. */
  async get(reference: PackageRef, signal: AbortSignal): Promise<Archive> {
    const spec = specOf(reference);
    const wanted = wantedIntegrity(reference);
    const entryPath = join(this.options.folder, 'index', `${digestOf(spec).slice(7)}.json`);
    const kept = await this.kept(entryPath);
    if (kept !== null && (wanted === undefined || matchesIntegrity(kept.data, wanted))) return kept;
    const { npm, pypi } = await this.options.registries();
    const registry = spec.registry === 'npm' ? npm : pypi;
    const ask = { ...this.options.http, signal };
    const found = await (spec.registry === 'npm' ? findNpmArchive : findPypiArchive)(spec, registry, ask);
    // The credentials belong to the registry's own host alone.
    const ours = new URL(found.url).origin === new URL(registry.url).origin && registry.authorization !== undefined;
    const headers = ours && registry.authorization !== undefined ? { authorization: registry.authorization } : {};
    const { body } = await fetchRetry(found.url, { ...ask, headers, maxBytes: MAX_ARCHIVE_BYTES });
    for (const [who, integrity] of [
      ['task.yaml', wanted],
      ['the registry', found.integrity],
    ] as const) {
      if (integrity !== undefined && !matchesIntegrity(body, integrity)) throw mismatch(spec, who, integrity, body);
    }
    const digest = sha256(body).slice(7);
    await makeFolder(join(this.options.folder, 'index'));
    await writeFileAtomic(join(this.options.folder, digest), body);
    await writeFileAtomic(entryPath, canonicalJson({ sha256: digest, fileName: found.fileName, ...spec }));
    return { data: body, fileName: found.fileName, sha256: digest };
  }

  private async kept(entryPath: string): Promise<Archive | null> {
    const entry = await readRecord(entryPath, entrySchema);
    if (entry === null) return null;
    const data = await readFile(join(this.options.folder, entry.sha256)).catch(ifMissing);
    if (data === null || sha256(data).slice(7) !== entry.sha256) return null;
    return { data, ...entry };
  }
}

/** The package a reference names. Names were checked when the task was loaded; `task-invalid` otherwise. */
export function specOf(reference: PackageRef): PackageSpec {
  const spec = 'npm' in reference ? parsePackageSpec('npm', reference.npm) : parsePackageSpec('pypi', reference.pypi);
  if (spec !== null) return spec;
  const text = 'npm' in reference ? reference.npm : reference.pypi;
  throw new AssayError('task-invalid', `${text} is not the name of an exact version`, {
    class: 'input',
    retryable: false,
  });
}

function wantedIntegrity(reference: PackageRef): string | undefined {
  if ('npm' in reference) return reference.integrity;
  return reference.sha256 === undefined
    ? undefined
    : `sha256-${Buffer.from(reference.sha256, 'hex').toString('base64')}`;
}

/** Subresource-integrity text: the strongest algorithm named decides; several digests of it are alternatives. */
export function matchesIntegrity(data: Uint8Array, integrity: string): boolean {
  const digests = integrity
    .trim()
    .split(/\s+/)
    .map((one) => /^(sha1|sha256|sha384|sha512)-([^?]+)/.exec(one));
  for (const algorithm of ['sha512', 'sha384', 'sha256', 'sha1']) {
    const expected = digests.filter((one) => one?.[1] === algorithm).map((one) => one?.[2]);
    if (expected.length > 0) return expected.includes(createHash(algorithm).update(data).digest('base64'));
  }
  return false;
}

function mismatch(spec: PackageSpec, who: string, integrity: string, data: Buffer): AssayError {
  const found = `sha512-${createHash('sha512').update(data).digest('base64')} (sha256 ${sha256(data).slice(7)})`;
  return new AssayError(
    'environment-build-failed',
    `${spec.name} ${spec.version} is not the archive ${who} names (${integrity}); it is ${found}`,
    {
      class: 'task',
      retryable: false,
      hint: 'Do not use the archive before you know why it differs.',
    },
  );
}

function ifMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
