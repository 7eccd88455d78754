import { counted } from '../../base/counted.ts';
import { type AssayPaths, assayPaths } from '../../base/paths.ts';
import { AssayError } from '../../contracts/index.ts';
import { collectStore } from '../../environment/collect-store.ts';
import { summarizeStore } from '../../environment/environment-store.ts';
import { createDockerBackend } from '../../sandbox/docker/docker-backend.ts';
import { findEngine } from '../../sandbox/docker/engine-endpoint.ts';
import { createKubernetesBackend } from '../../sandbox/kubernetes/kubernetes-backend.ts';
import { createNativeBackend } from '../../sandbox/native/native-backend.ts';
import { layersInUse, liveRecords } from '../../sandbox/native/sandbox-records.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';
import { parseBytes } from '../parse-bytes.ts';

const megabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MB`;

export const envLsCommand = defineCommand({
  name: 'env ls',
  summary: 'built environments and pulled images, the last used first',
  arguments: [],
  flags: {},
  examples: [],
  async run({ flags }) {
    const { environments, images } = await summarizeStore(assayPaths());
    const rows = environments.map(
      (one) =>
        `  ${one.digest.slice(7, 19)}  ${one.repo.padEnd(20)} ${megabytes(one.bytes).padStart(10)} (${megabytes(one.ownBytes)} its own)  ${counted(one.layers.length, 'layer')}  ${one.instances.join(', ')}\n`,
    );
    const imageRows = images.map(
      (one) =>
        `  ${one.digest.slice(7, 19)}  ${one.platform.padEnd(20)} ${megabytes(one.bytes).padStart(10)} (${megabytes(one.ownBytes)} its own)  ${counted(one.layers, 'layer')}  ${one.names.join(', ') || '(no name leads here any more)'}\n`,
    );
    const text = [
      rows.length === 0 ? 'no environment has been built yet\n' : rows.join(''),
      ...(imageRows.length === 0 ? [] : ['images:\n', ...imageRows]),
    ];
    print(flags.json, { environments, images }, text.join(''));
    return 0;
  },
});

export const envDuCommand = defineCommand({
  name: 'env du',
  summary: 'disk use of environments, layers and downloads',
  arguments: [],
  flags: {},
  examples: [],
  async run({ flags }) {
    const paths = assayPaths();
    const store = await summarizeStore(paths);
    const text = `${store.environments.length} environments and ${store.images.length} images on ${store.layers} layers: ${megabytes(store.layerBytes)} (each layer once); ${store.unusedLayers} layers unused; downloads ${megabytes(store.downloadBytes)}\nin ${paths.home}\n`;
    print(flags.json, { ...store, home: paths.home }, text);
    return 0;
  },
});

export const envGcCommand = defineCommand({
  name: 'env gc',
  summary: 'remove what killed processes left behind, and environments not used for long',
  arguments: [],
  flags: {
    olderThan: {
      kind: 'number',
      min: 0,
      default: 30,
      placeholder: 'days',
      help: 'environments not used for this long go; 0 removes all',
    },
    budget: {
      kind: 'string',
      placeholder: 'size',
      help: 'room for layers, such as 20G: beyond it what was not used for longest goes, never what is in use',
    },
    dryRun: { kind: 'boolean', help: 'only say what would go' },
  },
  examples: ['assay env gc', 'assay env gc --budget 20G', 'assay env gc --older-than 0'],
  async run({ flags }) {
    const paths = assayPaths();
    const live = (await liveRecords(paths)).length;
    if (flags.olderThan === 0 && live > 0 && !flags.dryRun) {
      throw new AssayError('usage', `${live} sandboxes are in use, so not all environments can go`, {
        class: 'input',
        retryable: true,
        hint: 'Wait until the runs have ended, or give --older-than 1.',
      });
    }
    const left = flags.dryRun ? null : await collectSandboxes(paths);
    const removed = await collectStore(paths, {
      unusedForMs: flags.olderThan * 86_400_000,
      dryRun: flags.dryRun,
      inUse: await layersInUse(paths),
      ...(flags.budget === undefined ? {} : { budgetBytes: parseBytes(flags.budget) }),
      ...(flags.olderThan === 0 ? { graceMs: 0 } : {}),
    });
    const tight =
      removed.overBudgetBytes > 0
        ? `the rest is ${megabytes(removed.overBudgetBytes)} over the budget: in use, or used in the last ten minutes\n`
        : '';
    const text = `${left === null ? '' : `left-over sandboxes: ${leftOver(left)}; `}${flags.dryRun ? 'would remove' : 'removed'} ${removed.environments} environments, ${removed.images} images, ${removed.layers} layers, ${megabytes(removed.bytes)}\n${tight}`;
    print(flags.json, { sandboxes: left, store: removed }, text);
    return 0;
  },
});

/** Of every backend that is there; an engine that does not answer has nothing to be collected now. */
async function collectSandboxes(paths: AssayPaths) {
  const backend = createNativeBackend({ paths });
  // Where no sandbox works, on a full disk for example, none can be left over either.
  const native = await backend.gc().catch(unlessUnavailable);
  await backend.close();
  const containers =
    findEngine() === undefined
      ? null
      : await createDockerBackend({ paths, patienceMs: 0 }).gc().catch(unlessUnavailable);
  const pods = process.env.ASSAY_KUBERNETES
    ? await createKubernetesBackend({ paths, patienceMs: 0 }).gc().catch(unlessUnavailable)
    : null;
  return { native, containers, pods };
}

function leftOver({ native, containers, pods }: Awaited<ReturnType<typeof collectSandboxes>>): string {
  const counts = [
    String(native?.sandboxes ?? 0),
    ...(containers === null ? [] : [`containers: ${containers.sandboxes}`]),
    ...(pods === null ? [] : [`pods: ${pods.sandboxes}`]),
  ];
  return counts.join(', ');
}

function unlessUnavailable(error: unknown): null {
  if (error instanceof AssayError && error.code === 'sandbox-unavailable') return null;
  throw error;
}
