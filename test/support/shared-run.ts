/** Processes that share a run, as far as they can be had within one: each with a folder of runs, a model that counts and a client of the store of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTwoToolAgent } from '../../src/agent/two-tool-agent.ts';
import type { RunEvent, RunRecord, SharedStore } from '../../src/contracts/index.ts';
import { type RunOptions, runAll } from '../../src/run/run-all.ts';
import { RunControl } from '../../src/run/run-control.ts';
import { openFileSharedStore } from '../../src/share/file-shared-store.ts';
import { offerRun, planDigest } from '../../src/share/offer.ts';
import { createRun, openRun } from '../../src/store/file-run-store.ts';
import { CountingModel, HostBackend, instanceOf, portsOf } from './run-doubles.ts';
import { manifestOf } from './run-fixtures.ts';

export const LEASE_MS = 1_200;

export interface Joiner {
  /** Folder of the run of this one. */
  dir: string;
  model: CountingModel;
  control: RunControl;
  /** What it has told, in order. */
  seen: RunEvent[];
  /** Joins and works until the end. May be called again after that, as by a new process on the same folder. */
  work(more?: Partial<RunOptions>): Promise<RunRecord>;
}

export interface SharedRunWorld {
  folder: string;
  storeFolder: string;
  instanceIds: readonly string[];
  join(owner: string, options?: JoinOptions): Promise<Joiner>;
  cleanUp(): Promise<void>;
}

export interface JoinOptions {
  /** The store as this one sees it. */
  through?: (store: SharedStore) => SharedStore;
  steps?: number;
  gather?: boolean;
  retryFailed?: boolean;
}

/** `open`: the store; absent: a folder of the world. */
export async function sharedRunWorld(
  instanceIds: readonly string[],
  open?: () => Promise<SharedStore>,
): Promise<SharedRunWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-join-'));
  const storeFolder = join(folder, 'store');
  const agent = createTwoToolAgent();
  const manifest = manifestOf('shared', instanceIds, {
    agent: { name: agent.name, digest: agent.digest },
    join: { store: storeFolder, leaseSeconds: LEASE_MS / 1000 },
  });
  return {
    folder,
    storeFolder,
    instanceIds,
    async join(owner, { through = (store: SharedStore) => store, steps = 3, gather = true, retryFailed = false } = {}) {
      const runsDir = join(folder, owner);
      const joiner: Joiner = {
        dir: join(runsDir, 'shared'),
        model: new CountingModel(steps),
        control: new RunControl(),
        seen: [],
        async work(more = {}) {
          const store = through(await (open?.() ?? openFileSharedStore(storeFolder)));
          const offer = await offerRun(store, { manifest });
          const run = await createRun(runsDir, offer.manifest).catch(() => openRun(joiner.dir));
          try {
            return await runAll({
              run,
              instances: instanceIds.map(instanceOf),
              ports: portsOf(joiner.model, new HostBackend(), { agent }),
              jobs: 2,
              control: joiner.control,
              observe: (event) => joiner.seen.push(event),
              policy: { retries: 0, sleep: async () => {} },
              share: { store, planDigest: planDigest(manifest), owner, leaseMs: LEASE_MS, gather, retryFailed },
              ...more,
            });
          } finally {
            await run.close();
            await store.close();
          }
        },
      };
      return joiner;
    },
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A record without what two accounts of the same work may differ in: folders, times, receipts. */
export function comparableAttempts({ attempts }: RunRecord): unknown {
  return attempts.map(({ totals, report, sandboxUsage: _, ...attempt }) => ({
    ...attempt,
    totals: totals === null ? null : { ...totals, wallMs: 0, workingMs: 0 },
    report: report === null ? null : { ...report, durationMs: 0 },
  }));
}

/** The store with something that happens before each call. */
export function gatedStore(store: SharedStore, gate: () => Promise<void>): SharedStore {
  return {
    ...store,
    get: (key) => gate().then(() => store.get(key)),
    put: (key, text, version) => gate().then(() => store.put(key, text, version)),
    putBytes: (key, bytes) => gate().then(() => store.putBytes(key, bytes)),
    versions: (prefix) => gate().then(() => store.versions(prefix)),
  };
}
