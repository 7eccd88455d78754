/** Removes from the store what is not used any more, or not lately, so that it keeps to its size. All of it can be built or pulled again. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssayPaths } from '../base/paths.ts';
import { removeTree } from '../base/remove-tree.ts';
import { localImageSchema } from '../contracts/index.ts';
import {
  environmentLayout,
  environmentRecordSchema,
  imageNameSchema,
  stageRecordSchema,
} from './environment-layout.ts';
import { entriesOf, hexOf, ifMissing, layerNames, readRecords, removeLayer, treeBytes } from './store-records.ts';

export interface CollectOptions {
  /** Environments and images not used for longer go. Default 30 days. 0 removes all: only while nothing runs, for sandboxes stand on layers. */
  unusedForMs?: number;
  /** Stages and layers younger than this stay although nothing refers to them: a build may be on its way. Default one hour. */
  graceMs?: number;
  /** Layers may take this much: beyond it environments and images go, the ones not used for longest first, until they do. */
  budgetBytes?: number;
  /** Names of layers that living sandboxes stand on: they stay, with all that needs them. */
  inUse?: ReadonlySet<string>;
  /** Only say what would go. */
  dryRun?: boolean;
}

export interface CollectReport {
  environments: number;
  images: number;
  stages: number;
  layers: number;
  bytes: number;
  /** What stays beyond the budget, because it is in use or was so recently. */
  overBudgetBytes: number;
}

const HOUR = 3_600_000;

/** What was used this recently is never evicted: a sandbox may be about to start on it. */
const FRESH_MS = 10 * 60_000;

interface Candidate {
  path: string;
  kind: 'environments' | 'images';
  /** Names. */
  layers: string[];
  stages: string[];
  lastUsed: Date;
}

/** Removes environments and images that were not used for long or do not fit, then stages no environment needs, then layers no stage, image or sandbox needs. */
export async function collectStore(paths: AssayPaths, options: CollectOptions = {}): Promise<CollectReport> {
  const layout = environmentLayout(paths.environments);
  const report: CollectReport = { environments: 0, images: 0, stages: 0, layers: 0, bytes: 0, overBudgetBytes: 0 };
  const remove = async (path: string) => {
    if (options.dryRun !== true) await removeTree(path);
  };
  const now = Date.now();
  const old = (time: Date, ms: number) => now - time.getTime() >= ms;
  const inUse = options.inUse ?? new Set();
  const all = await candidates(layout);
  const { evicted, left } = await overBudget(paths, all, options.budgetBytes ?? Number.POSITIVE_INFINITY, inUse);
  report.overBudgetBytes = left;
  const neededStages = new Set<string>();
  const neededLayers = new Set<string>(inUse);
  for (const one of all) {
    const isUsed = one.layers.length > 0 && one.layers.every((layer) => inUse.has(layer));
    if ((old(one.lastUsed, options.unusedForMs ?? 30 * 24 * HOUR) && !isUsed) || evicted.has(one)) {
      report[one.kind]++;
      await remove(one.path);
    } else {
      for (const key of one.stages) neededStages.add(key);
      if (one.kind === 'images') for (const layer of one.layers) neededLayers.add(layer);
    }
  }
  for (const { path, record, lastUsed } of await readRecords(layout.stages, stageRecordSchema)) {
    const grace = evicted.size > 0 ? FRESH_MS : (options.graceMs ?? HOUR);
    if (!neededStages.has(record.key) && old(lastUsed, grace)) {
      report.stages++;
      await remove(path);
      await remove(path.replace(/\.json$/, '.log'));
    } else if (record.layer !== null) neededLayers.add(hexOf(record.layer));
  }
  for (const { path, record } of await readRecords(layout.images, imageNameSchema)) {
    if ((await stat(layout.image(record.digest)).catch(ifMissing)) === null) await remove(path);
  }
  for (const name of await layerNames(paths)) {
    const path = join(paths.layers, name);
    const grace = evicted.size > 0 ? FRESH_MS : (options.graceMs ?? HOUR);
    const about = await stat(path).catch(ifMissing);
    if (about === null || neededLayers.has(name) || !old(about.mtime, grace)) continue;
    const bytes = await treeBytes(path);
    if (options.dryRun !== true && !(await removeLayer(paths, name))) continue;
    report.layers++;
    report.bytes += bytes;
  }
  for (const name of await entriesOf(paths.layers))
    if (name.startsWith('.gone-')) await remove(join(paths.layers, name));
  return report;
}

async function candidates(layout: ReturnType<typeof environmentLayout>): Promise<Candidate[]> {
  const environments = await readRecords(layout.environments, environmentRecordSchema);
  const images = await readRecords(layout.images, localImageSchema);
  return [
    ...environments.map(
      ({ path, record, lastUsed }): Candidate => ({
        path,
        kind: 'environments',
        layers: record.layers.map(hexOf),
        stages: record.stages,
        lastUsed,
      }),
    ),
    ...images.map(
      ({ path, record, lastUsed }): Candidate => ({
        path,
        kind: 'images',
        layers: record.layers.map(({ digest }) => hexOf(digest)),
        stages: [],
        lastUsed,
      }),
    ),
  ];
}

/** The least recently used ones without which the rest fits; all that may go when nothing helps, and then the bytes that are `left` too many. Layers that nothing needs any more count as gone already. */
async function overBudget(
  paths: AssayPaths,
  all: readonly Candidate[],
  budgetBytes: number,
  inUse: ReadonlySet<string>,
): Promise<{ evicted: Set<Candidate>; left: number }> {
  if (budgetBytes === Number.POSITIVE_INFINITY) return { evicted: new Set(), left: 0 };
  const sizes = new Map<string, number>();
  for (const name of await layerNames(paths)) sizes.set(name, await treeBytes(join(paths.layers, name)));
  const users = new Map<string, number>([...inUse].map((name) => [name, 1]));
  for (const name of all.flatMap((one) => one.layers)) users.set(name, (users.get(name) ?? 0) + 1);
  let bytes = [...users.keys()].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  const evicted = new Set<Candidate>();
  const idle = all.filter(
    (one) => !one.layers.some((name) => inUse.has(name)) && Date.now() - one.lastUsed.getTime() >= FRESH_MS,
  );
  for (const one of [...idle].sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime())) {
    if (bytes <= budgetBytes) break;
    evicted.add(one);
    for (const name of one.layers) {
      const left = (users.get(name) ?? 1) - 1;
      users.set(name, left);
      if (left === 0) bytes -= sizes.get(name) ?? 0;
    }
  }
  return { evicted, left: Math.max(0, bytes - budgetBytes) };
}
