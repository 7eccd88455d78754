/** A run over doubles for each test: its folder, its backend, its model, and what it said. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createTwoToolAgent } from '../../src/agent/two-tool-agent.ts';
import type { OpenRun, RunEvent, RunManifest, RunRecord } from '../../src/contracts/index.ts';
import type { RunPorts } from '../../src/run/ports.ts';
import { type RunOptions, runAll } from '../../src/run/run-all.ts';
import { createRun, openRun } from '../../src/store/file-run-store.ts';
import { CountingModel, HostBackend, instanceOf, portsOf } from './run-doubles.ts';
import { manifestOf } from './run-fixtures.ts';

export interface RunBench {
  /** Folder of runs; those made here are called `r`. */
  readonly runs: string;
  readonly backend: HostBackend;
  /** What `go` asks from then on. */
  model: CountingModel;
  readonly events: RunEvent[];
  newRun(more: Partial<RunManifest>, ids: readonly string[]): Promise<OpenRun>;
  /** Goes on with the run and gives the lock back. */
  go(run: OpenRun, ports?: Partial<RunPorts>, more?: Partial<RunOptions>): Promise<RunRecord>;
  /** The same after opening it anew. */
  again(ports?: Partial<RunPorts>, more?: Partial<RunOptions>): Promise<RunRecord>;
  /** Fails when sandboxes are left open. */
  close(): Promise<void>;
}

export async function openRunBench(): Promise<RunBench> {
  const runs = await mkdtemp(join(tmpdir(), 'assay-run-'));
  const backend = new HostBackend();
  const events: RunEvent[] = [];
  const go: RunBench['go'] = async (run, ports = {}, more = {}) => {
    try {
      return await runAll({
        run,
        instances: run.manifest.dataset.instances.map((one) => instanceOf(one.instanceId)),
        ports: portsOf(bench.model, backend, ports),
        jobs: 3,
        policy: { retries: 2, sleep: async () => {} },
        observe: (event) => events.push(event),
        ...more,
      });
    } finally {
      await run.close();
    }
  };
  const bench: RunBench = {
    runs,
    backend,
    model: new CountingModel(),
    events,
    newRun(more, ids) {
      const { name, digest } = createTwoToolAgent();
      return createRun(runs, manifestOf('r', ids, { agent: { name, digest }, ...more }));
    },
    go,
    again: async (ports, more) => go(await openRun(join(runs, 'r')), ports, more),
    async close() {
      await rm(runs, { recursive: true, force: true });
      expect(backend.open, 'sandboxes left open').toBe(0);
    },
  };
  return bench;
}

/** `a1 finished` for attempt 1 of instance a. */
export const statesOf = (record: RunRecord) =>
  record.attempts.map((one) => `${one.instanceId}${one.attempt} ${one.state}`);
