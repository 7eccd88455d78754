/** The source that a reference names. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssayPaths } from '../../base/paths.ts';
import { ArchiveSource } from './archive-source.ts';
import { EngineSource } from './engine-source.ts';
import { parseReference, referenceName } from './image-reference.ts';
import type { ImageSource } from './image-source.ts';
import { LayoutSource } from './layout-source.ts';
import type { RegistryClientOptions } from './registry-client.ts';
import { RegistrySource } from './registry-source.ts';

/** `oci:FOLDER[:TAG]`, `docker-archive:FILE[:NAME:TAG]`, `docker-daemon:NAME`, else a name in a registry. */
export async function openSource(
  reference: string,
  paths: AssayPaths,
  options: RegistryClientOptions,
): Promise<ImageSource> {
  const [, transport, rest = ''] = /^(oci|docker-archive|docker-daemon):(.+)$/.exec(reference) ?? [];
  if (transport === 'oci') return new LayoutSource(...(await splitPath(rest)));
  if (transport === 'docker-archive') {
    const [path, tag] = await splitPath(rest);
    return new ArchiveSource(path, tag, options.signal);
  }
  const downloads = join(paths.downloads, 'images');
  if (transport === 'docker-daemon') return new EngineSource(rest, downloads, options.signal);
  return new RegistrySource(parseReference(reference), downloads, options);
}

/** One spelling for all that name the same. */
export function canonicalReference(reference: string): string {
  if (/^(oci|docker-archive|docker-daemon):/.test(reference)) return reference;
  return referenceName(parseReference(reference));
}

/** A path may hold colons itself: the longest part that exists is the path. */
async function splitPath(text: string): Promise<[path: string, tag?: string]> {
  for (let at = text.length; at > 0; at = text.lastIndexOf(':', at - 1)) {
    const path = text.slice(0, at);
    if ((await stat(path).catch(() => null)) !== null) return at === text.length ? [path] : [path, text.slice(at + 1)];
  }
  return [text];
}
