/** The folders of layers: `layers/<hex>/`, written under another name first, so that a half-made layer is never used. */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssayPaths } from '../../base/paths.ts';
import { removeTree } from '../../base/remove-tree.ts';
import type { LayerRef } from '../../contracts/index.ts';
import { sandboxUid } from './host-files.ts';

export function layerFolder(paths: AssayPaths, layer: LayerRef): string {
  return join(paths.layers, layerName(layer));
}

/** The folder's name in the layer store. */
export function layerName(layer: LayerRef): string {
  return layer.digest.slice('sha256:'.length);
}

export async function hasLayer(paths: AssayPaths, layer: LayerRef): Promise<boolean> {
  return exists(layerFolder(paths, layer));
}

/** True when the layer is not there any more; false when it is one of those in use. */
export async function removeLayer(paths: AssayPaths, layer: LayerRef, inUse: ReadonlySet<string>): Promise<boolean> {
  const name = layerName(layer);
  if (inUse.has(name)) return false;
  // Moved first: a layer that is half gone is not used.
  const going = join(paths.layers, stagingName());
  try {
    await rename(layerFolder(paths, layer), going);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
  await removeTree(going);
  return true;
}

/** Gives `write` the name of an empty folder of the store, then moves that to the hex digest it returns. What it throws is passed on, with nothing left behind. */
export async function storeLayer(paths: AssayPaths, write: (name: string) => Promise<string>): Promise<LayerRef> {
  const name = await makeStaging(paths);
  const staging = join(paths.layers, name);
  const hex = await write(name).catch(async (error: unknown) => {
    await removeTree(staging);
    throw error;
  });
  await chmod(staging, 0o755);
  await rename(staging, join(paths.layers, hex)).catch(async (error: NodeJS.ErrnoException) => {
    await removeTree(staging);
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error; // an equal layer is there already
  });
  return { digest: `sha256:${hex}` };
}

/** Gives `use` the name of an empty folder of the store, which sandboxes can write to until it is done. */
export async function withStaging<T>(paths: AssayPaths, use: (name: string) => Promise<T>): Promise<T> {
  const name = await makeStaging(paths);
  try {
    return await use(name);
  } finally {
    await removeTree(join(paths.layers, name));
  }
}

async function makeStaging(paths: AssayPaths): Promise<string> {
  const name = stagingName();
  const staging = join(paths.layers, name);
  const uid = sandboxUid();
  await mkdir(staging, { mode: 0o700 });
  if (uid !== undefined) await chown(staging, uid, uid);
  return name;
}

function stagingName(): string {
  return `.staging-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** Removes half-made layers of processes that are gone. */
export async function removeDeadStaging(paths: AssayPaths): Promise<void> {
  for (const name of await readdir(paths.layers).catch(() => [])) {
    const owner = /^\.staging-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || (await exists(`/proc/${owner}`))) continue;
    await removeTree(join(paths.layers, name));
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
