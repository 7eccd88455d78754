/** What is kept of environments on this machine, for `assay env ls` and `du`. */
import { join } from 'node:path';
import type { AssayPaths } from '../base/paths.ts';
import { localImageSchema } from '../contracts/index.ts';
import { environmentLayout, environmentRecordSchema, imageNameSchema, proofSchema } from './environment-layout.ts';
import { hexOf, layerNames, readRecords, treeBytes } from './store-records.ts';

export interface EnvironmentSummary {
  digest: string;
  repo: string;
  /** Instances it was checked for. */
  instances: string[];
  layers: { digest: string; bytes: number; sharedWith: number }[];
  /** Of all its layers; shared layers count in full for each environment. */
  bytes: number;
  /** Of the layers that nothing else uses: what goes with it. */
  ownBytes: number;
  builtAt: string;
  lastUsed: Date;
  buildMs: number;
}

export interface ImageSummary {
  /** Of the configuration. */
  digest: string;
  /** Under which it was pulled; none when they all lead to another image by now. */
  names: string[];
  platform: string;
  layers: number;
  /** Of all its layers; shared layers count in full for each image. */
  bytes: number;
  /** Of the layers that nothing else uses. */
  ownBytes: number;
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
  const pulled = await readRecords(layout.images, localImageSchema);
  const users = new Map<string, number>();
  for (const layer of [
    ...records.flatMap(({ record }) => record.layers),
    ...pulled.flatMap(({ record }) => record.layers.map(({ digest }) => digest)),
  ])
    users.set(hexOf(layer), (users.get(hexOf(layer)) ?? 0) + 1);
  const ownBytes = (layers: readonly string[]) =>
    layers.reduce((sum, name) => sum + (users.get(name) === 1 ? (sizes.get(name) ?? 0) : 0), 0);
  const environments = records.map(({ record, lastUsed }): EnvironmentSummary => {
    const layers = record.layers.map((digest) => ({
      digest,
      bytes: sizes.get(hexOf(digest)) ?? 0,
      sharedWith: (users.get(hexOf(digest)) ?? 1) - 1,
    }));
    const { digest, repo, builtAt, buildMs } = record;
    const instances = proofs
      .filter(({ record: proof }) => proof.environment === digest)
      .map(({ record: proof }) => proof.instanceId);
    const bytes = layers.reduce((sum, layer) => sum + layer.bytes, 0);
    return {
      digest,
      repo,
      instances: [...new Set(instances)].sort(),
      layers,
      bytes,
      ownBytes: ownBytes(record.layers.map(hexOf)),
      builtAt,
      lastUsed,
      buildMs,
    };
  });
  const images = (await summarizeImages(layout.images, sizes)).map((one) => ({ ...one, ownBytes: ownBytes(one.used) }));
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
      names: [
        ...new Set(names.filter((one) => one.record.digest === record.digest).map((one) => one.record.name)),
      ].sort(),
      platform: record.platform,
      layers: used.length,
      bytes: used.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0),
      lastUsed,
      used,
    };
  });
}
