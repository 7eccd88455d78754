/**
 * Pods of the lab cluster (test/kubernetes/lab): how long starts take, how many commands per second go over sessions and over one exec each, how soon sessions are
 * back after the API server was killed. docs/scale.md explains the numbers.
 *
 *     test/kubernetes/lab/cluster.sh up && npx tsx bench/kubernetes.ts
 *
 * Writes bench/results/kubernetes.json. Exits 1 when sessions carry less than five times as many commands as single execs.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { assayPaths } from '../src/base/paths.ts';
import type { Sandbox, SandboxBackend } from '../src/contracts/index.ts';
import { exec } from '../src/sandbox/exec.ts';
import { openClusterAccess } from '../src/sandbox/kubernetes/cluster-access.ts';
import { openExec } from '../src/sandbox/kubernetes/exec-stream.ts';
import { createKubernetesBackend } from '../src/sandbox/kubernetes/kubernetes-backend.ts';
import { CONTAINER } from '../src/sandbox/kubernetes/pod-view.ts';
import { LAB_KUBECONFIG, LAB_NAMESPACE, LAB_SPEC, lab, labCluster } from '../test/support/lab-cluster.ts';

const SANDBOXES = 20;
const COMMANDS = 50;
const EXECS = 5;

const found = await labCluster();
if (found.problem !== undefined) throw new Error(found.problem);
const home = mkdtempSync(join(tmpdir(), 'assay-bench-kubernetes-'));
const backend = createKubernetesBackend({ paths: assayPaths(home), settings: found.settings });
try {
  await (await backend.create(LAB_SPEC)).destroy();
  const startSeconds: Record<string, number> = {};
  for (const count of [1, 20, 60]) startSeconds[count] = await secondsOfStarts(backend, count);
  const sandboxes = await startMany(backend, SANDBOXES);
  const sessions = await rate(sandboxes, COMMANDS, async (sandbox) => void (await exec(sandbox, ['true'])));
  const access = await openClusterAccess({ kubeconfig: LAB_KUBECONFIG });
  const singleExecs = await rate(sandboxes, EXECS, async ({ id: pod }) => {
    const request = { namespace: LAB_NAMESPACE, pod, container: CONTAINER, argv: ['true'], onOutput: () => {} };
    await (await openExec(access, request)).ended;
  });
  const secondsToReconnect = await secondsUntilAllAnswer(sandboxes);
  const results = {
    version: await lab('kubectl', 'version'),
    cpus: cpus().length,
    startSeconds,
    sessions,
    singleExecs,
    secondsToReconnect,
  };
  mkdirSync('bench/results', { recursive: true });
  writeFileSync('bench/results/kubernetes.json', `${JSON.stringify(results, null, 2)}\n`);
  console.log(results);
  const times = sessions.perSecond / singleExecs.perSecond;
  console.log(`sessions carry ${times.toFixed(1)} times as many commands as single execs`);
  process.exitCode = times >= 5 ? 0 : 1;
} finally {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
}

function startMany(from: SandboxBackend, count: number): Promise<Sandbox[]> {
  return Promise.all(Array.from({ length: count }, () => from.create(LAB_SPEC)));
}

/** From the wish to the answer of the last one. */
async function secondsOfStarts(from: SandboxBackend, count: number): Promise<number> {
  const started = performance.now();
  const sandboxes = await startMany(from, count);
  await Promise.all(sandboxes.map((one) => exec(one, ['true'])));
  const seconds = (performance.now() - started) / 1000;
  await Promise.all(sandboxes.map((one) => one.destroy()));
  return seconds;
}

/** So many commands in each sandbox, one after the other, all sandboxes at once. */
async function rate(sandboxes: readonly Sandbox[], each: number, command: (sandbox: Sandbox) => Promise<void>) {
  const times: number[] = [];
  const started = performance.now();
  await Promise.all(
    sandboxes.map(async (sandbox) => {
      for (let n = 0; n < each; n++) {
        const from = performance.now();
        await command(sandbox);
        times.push(performance.now() - from);
      }
    }),
  );
  const perSecond = times.length / ((performance.now() - started) / 1000);
  times.sort((a, b) => a - b);
  const quantile = (share: number) => times[Math.floor(share * (times.length - 1))] ?? 0;
  return { perSecond, p50Ms: quantile(0.5), p95Ms: quantile(0.95) };
}

/** After the API server was killed and started at once. */
async function secondsUntilAllAnswer(sandboxes: readonly Sandbox[]): Promise<number> {
  await lab('stop', 'apiserver', '-KILL');
  await lab('start', 'apiserver');
  const started = performance.now();
  await Promise.all(sandboxes.map((one) => exec(one, ['true'], { timeoutSeconds: 120 })));
  return (performance.now() - started) / 1000;
}
