/** Takes named environments, stages and images out of the store at once, with the layers that nothing else needs. What is dropped is built or pulled again when it is needed. */
import type { AssayPaths } from '../base/paths.ts';
import { removeTree } from '../base/remove-tree.ts';
import { localImageSchema } from '../contracts/index.ts';
import {
  environmentLayout,
  environmentRecordSchema,
  imageNameSchema,
  stageRecordSchema,
} from './environment-layout.ts';
import { hexOf, readRecords, removeLayer } from './store-records.ts';

export interface Droppable {
  /** Digests. */
  environments?: readonly string[];
  /** Keys. Those that a remaining environment needs stay. */
  stages?: readonly string[];
  /** Digests. */
  images?: readonly string[];
}

/** `inUse`: names of layers under living sandboxes, which stay. Gives the names of the layers that went. */
export async function dropFromStore(
  paths: AssayPaths,
  { environments = [], stages = [], images = [] }: Droppable,
  inUse: ReadonlySet<string>,
): Promise<string[]> {
  const layout = environmentLayout(paths.environments);
  for (const digest of environments) await removeTree(layout.environment(digest));
  const kept = await readRecords(layout.environments, environmentRecordSchema);
  const neededStages = new Set(kept.flatMap(({ record }) => record.stages));
  const candidates = new Set<string>();
  for (const { path, record } of await readRecords(layout.stages, stageRecordSchema)) {
    if (!stages.includes(record.key) || neededStages.has(record.key)) continue;
    if (record.layer !== null) candidates.add(hexOf(record.layer));
    await removeTree(path);
    await removeTree(path.replace(/\.json$/, '.log'));
  }
  for (const { path, record } of await readRecords(layout.images, localImageSchema)) {
    if (!images.includes(record.digest)) continue;
    for (const layer of record.layers) candidates.add(hexOf(layer.digest));
    await removeTree(path);
  }
  for (const { path, record } of await readRecords(layout.images, imageNameSchema))
    if (images.includes(record.digest)) await removeTree(path);
  return removeLayers(paths, candidates, inUse);
}

async function removeLayers(paths: AssayPaths, candidates: Set<string>, inUse: ReadonlySet<string>): Promise<string[]> {
  const layout = environmentLayout(paths.environments);
  const needed = new Set(inUse);
  for (const { record } of await readRecords(layout.stages, stageRecordSchema))
    if (record.layer !== null) needed.add(hexOf(record.layer));
  for (const { record } of await readRecords(layout.images, localImageSchema))
    for (const layer of record.layers) needed.add(hexOf(layer.digest));
  const gone = [...candidates].filter((name) => !needed.has(name));
  for (const name of gone) await removeLayer(paths, name); // engines keep theirs elsewhere
  return gone;
}
