/** What is kept of environments on this machine, for `assay env ls`, `du` and `gc`. */
import { lstat, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssayPaths } from '../base/paths.ts';
import { readRecord } from '../base/read-record.ts';
import { removeTree } from '../base/remove-tree.ts';
import { localImageSchema } from '../contracts/index.ts';
import {
  environmentLayout,
  environmentRecordSchema,
  imageNameSchema,
  proofSchema,
  stageRecordSchema,
} from './environment-layout.ts';

export interface EnvironmentSummary {
  digest: string;
  repo: string;
  /** Instances it was checked for. */
  instances: string[];
  layers: { digest: string; bytes: number; sharedWith: number }[];
  /** Of all its layers; shared layers count in full for each environment. */
  bytes: number;
  builtAt: string;
  lastUsed: Date;
  buildMs: number;
}

export interface ImageSummary {
  /** Of the configuration. */
  digest: string;
  /** Under which it was pulled. */
  names: string[];
  platform: string;
  layers: number;
  /** Of all its layers; shared layers count in full for each image. */
  bytes: number;
  lastUsed: Date;
}

export interface StoreSummary {
  environments: EnvironmentSummary[];
  images: ImageSummary[];
  /** On disk, each layer once. */
  layerBytes: number;
  layers: number;
  /** Layers that no environment and no image uses. */
  unusedLayers: number;
  downloadBytes: number;
}

/** Everything that is there, the last used first. */
export async function summarizeStore(paths: AssayPaths): Promise<StoreSummary> {
  const layout = environmentLayout(paths.environments);
  const records = await readRecords(layout.environments, environmentRecordSchema);
  const proofs = await readRecords(layout.proofs, proofSchema);
  const sizes = new Map<string, number>();
  for (const name of await layerNames(paths)) sizes.set(name, await treeBytes(join(paths.layers, name)));
  const users = (layer: string) => records.filter(({ record }) => record.layers.includes(layer)).length;
  const environments = records.map(({ record, lastUsed }): EnvironmentSummary => {
    const layers = record.layers.map((digest) => ({
      digest,
      bytes: sizes.get(hexOf(digest)) ?? 0,
      sharedWith: users(digest) - 1,
    }));
    const { digest, repo, builtAt, buildMs } = record;
    const instances = proofs
      .filter(({ record: proof }) => proof.environment === digest)
      .map(({ record: proof }) => proof.instanceId);
    const bytes = layers.reduce((sum, layer) => sum + layer.bytes, 0);
    return { digest, repo, instances: [...new Set(instances)].sort(), layers, bytes, builtAt, lastUsed, buildMs };
  });
  const images = await summarizeImages(layout.images, sizes);
  const used = new Set([
    ...records.flatMap(({ record }) => record.layers.map(hexOf)),
    ...images.flatMap(({ used: names }) => names),
  ]);
  return {
    images: images.map(({ used: _, ...image }) => image).sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime()),
    environments: environments.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime()),
    layerBytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0),
    layers: sizes.size,
    unusedLayers: [...sizes.keys()].filter((name) => !used.has(name)).length,
    downloadBytes: await treeBytes(paths.downloads),
  };
}

async function summarizeImages(folder: string, sizes: ReadonlyMap<string, number>) {
  const names = await readRecords(folder, imageNameSchema);
  return (await readRecords(folder, localImageSchema)).map(({ record, lastUsed }) => {
    const used = record.layers.map(({ digest }) => hexOf(digest));
    return {
      digest: record.digest,
      names: names.flatMap((one) => (one.record.digest === record.digest ? [one.record.name] : [])).sort(),
      platform: record.platform,
      layers: used.length,
      bytes: used.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0),
      lastUsed,
      used,
    };
  });
}

export interface CollectOptions {
  /** Environments and images not used for longer go. Default 30 days. 0 removes all: only while nothing runs, for sandboxes stand on layers. */
  unusedForMs?: number;
  /** Stages and layers younger than this stay although nothing refers to them: a build may be on its way. Default one hour. */
  graceMs?: number;
  /** Only say what would go. */
  dryRun?: boolean;
}

export interface CollectReport {
  environments: number;
  images: number;
  stages: number;
  layers: number;
  bytes: number;
}

const HOUR = 3_600_000;

/** Removes environments and images that were not used for long, then stages no environment needs, then layers no stage and no image needs. */
export async function collectStore(paths: AssayPaths, options: CollectOptions = {}): Promise<CollectReport> {
  const layout = environmentLayout(paths.environments);
  const report: CollectReport = { environments: 0, images: 0, stages: 0, layers: 0, bytes: 0 };
  const remove = async (path: string) => {
    if (options.dryRun !== true) await removeTree(path);
  };
  const now = Date.now();
  const old = (time: Date, ms: number) => now - time.getTime() >= ms;
  const neededStages = new Set<string>();
  for (const { path, record, lastUsed } of await readRecords(layout.environments, environmentRecordSchema)) {
    if (old(lastUsed, options.unusedForMs ?? 30 * 24 * HOUR)) {
      report.environments++;
      await remove(path);
    } else for (const key of record.stages) neededStages.add(key);
  }
  const neededLayers = new Set<string>();
  for (const { path, record, lastUsed } of await readRecords(layout.stages, stageRecordSchema)) {
    if (!neededStages.has(record.key) && old(lastUsed, options.graceMs ?? HOUR)) {
      report.stages++;
      await remove(path);
      await remove(path.replace(/\.json$/, '.log'));
    } else if (record.layer !== null) neededLayers.add(hexOf(record.layer));
  }
  for (const { path, record, lastUsed } of await readRecords(layout.images, localImageSchema)) {
    if (old(lastUsed, options.unusedForMs ?? 30 * 24 * HOUR)) {
      report.images++;
      await remove(path);
    } else for (const layer of record.layers) neededLayers.add(hexOf(layer.digest));
  }
  for (const { path, record } of await readRecords(layout.images, imageNameSchema)) {
    if ((await stat(layout.image(record.digest)).catch(ifMissing)) === null) await remove(path);
  }
  for (const name of await layerNames(paths)) {
    const path = join(paths.layers, name);
    if (neededLayers.has(name) || !old((await stat(path)).mtime, options.graceMs ?? HOUR)) continue;
    report.layers++;
    report.bytes += await treeBytes(path);
    if (options.dryRun === true) continue;
    // Out of the store in one step: a layer must never be seen half removed.
    const gone = join(paths.layers, `.gone-${name}-${process.pid}`);
    await rename(path, gone);
    await removeTree(gone);
  }
  for (const name of await entriesOf(paths.layers))
    if (name.startsWith('.gone-')) await remove(join(paths.layers, name));
  return report;
}

interface Found<T> {
  path: string;
  record: T;
  lastUsed: Date;
}

async function readRecords<T>(folder: string, schema: Parameters<typeof readRecord<T>>[1]): Promise<Found<T>[]> {
  const found: Found<T>[] = [];
  for (const name of await entriesOf(folder)) {
    if (!name.endsWith('.json') || name.startsWith('.')) continue;
    const path = join(folder, name);
    const record = await readRecord(path, schema);
    const info = await stat(path).catch(ifMissing);
    if (record !== null && info !== null) found.push({ path, record, lastUsed: info.mtime });
  }
  return found;
}

async function layerNames(paths: AssayPaths): Promise<string[]> {
  return (await entriesOf(paths.layers)).filter((name) => /^[0-9a-f]{64}$/.test(name));
}

async function entriesOf(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(ifMissing)) ?? [];
}

/** Bytes on disk below a path; hard links count once. Folders that may not be read count as themselves only. */
async function treeBytes(root: string): Promise<number> {
  const seen = new Set<number>();
  let bytes = 0;
  const queue = [root];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const info = await lstat(path).catch(ifMissing);
    if (info === null || (info.nlink > 1 && !info.isDirectory() && seen.has(info.ino))) continue;
    seen.add(info.ino);
    bytes += info.blocks * 512;
    if (!info.isDirectory()) continue;
    const folder = path;
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES' || error.code === 'ENOENT') return [];
      throw error;
    });
    queue.push(...names.map((name) => join(folder, name)));
  }
  return bytes;
}

function hexOf(digest: string): string {
  return digest.replace(/^sha256:/, '');
}

function ifMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
