/** Actions whose effect can be counted outside of the cluster, while everything between them and their controller fails. */
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AssayError, type Sandbox } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { openClusterAccess } from '../../src/sandbox/kubernetes/cluster-access.ts';
import { CuttingProxy } from '../serve/cutting-proxy.ts';
import { LAB_ADDRESS, LAB_KUBECONFIG, LAB_PODS, LAB_SPEC, lab, labClient } from '../support/lab-cluster.ts';
import type { LabBackend } from './lab-backend.ts';

const SANDBOXES = 20;
const ACTIONS = 10;
const DELETED = 3;
const CUTS = 5;
/** Each way. */
const DELAY_MS = 100;

export function describeChaos(backend: LabBackend): void {
  describe('200 actions in 20 sandboxes', () => {
    let way: Awaited<ReturnType<typeof slowWay>>;
    beforeAll(async () => {
      way = await slowWay();
    });
    afterEach(async () => {
      await lab('mend', 'lab1');
    });
    afterAll(() => way.close());

    test('happen once each or are reported as unknown, while pods are deleted, API server and kubelet are killed, connections are cut, and the network is slow and loses packets', async () => {
      const effects = new Map<string, number>();
      const collector = await listen((action) => effects.set(action, (effects.get(action) ?? 0) + 1));
      const { port } = collector.address() as { port: number };
      const own = backend({}, way.access);
      const sandboxes = await Promise.all(
        Array.from({ length: SANDBOXES }, () => own.create({ ...LAB_SPEC, network: 'host' })),
      );
      await lab('lossy', 'lab1');
      const [done, unknown]: [string[], string[]] = [[], []];
      const actAll = async (sandbox: Sandbox, index: number) => {
        for (let n = 0; n < ACTIONS; n++) {
          const action = `${index}-${n}`;
          ((await act(sandbox, action, port)) ? done : unknown).push(action);
        }
      };
      const actions = Promise.all(sandboxes.map(actAll));
      await fail(sandboxes.slice(0, DELETED), way.cutAll);
      await actions;
      collector.close();

      expect([...effects.values()].filter((times) => times > 1)).toEqual([]);
      expect(done.filter((action) => !effects.has(action))).toEqual([]);
      expect(done.length).toBeGreaterThanOrEqual(ACTIONS * (SANDBOXES - DELETED));
      expect(unknown.every((action) => Number(action.split('-')[0]) < DELETED)).toBe(true);
      expect(done.length + unknown.length).toBe(SANDBOXES * ACTIONS);
    }, 400_000);
  });
}

async function fail(victims: readonly Sandbox[], cutAll: () => void): Promise<void> {
  const admin = await labClient();
  await sleep(1_000);
  await lab('stop', 'apiserver', '-KILL');
  await sleep(1_000);
  await lab('start', 'apiserver');
  await sleep(2_000);
  for (const { id } of victims) {
    await admin.call({ method: 'DELETE', path: `${LAB_PODS}/${id}`, query: { gracePeriodSeconds: '1' } });
  }
  await lab('stop', 'kubelet-lab1', '-KILL');
  await sleep(1_000);
  await lab('start', 'kubelet-lab1');
  for (let n = 0; n < CUTS; n++) {
    await sleep(1_000);
    cutAll();
  }
  await lab('stop', 'apiserver');
  await lab('start', 'apiserver');
}

/** To the API server, with delay and cuts. */
async function slowWay() {
  const access = await openClusterAccess({ kubeconfig: LAB_KUBECONFIG });
  const proxy = new CuttingProxy({ host: access.server.hostname, port: Number(access.server.port) }, DELAY_MS);
  const { port } = new URL(await proxy.listen());
  return {
    access: { ...access, server: new URL(`https://127.0.0.1:${port}`) },
    cutAll: () => proxy.cutAll(),
    close: () => proxy.close(),
  };
}

/** True: it is known to have happened. False: the sandbox died, and nobody knows. */
async function act(sandbox: Sandbox, action: string, port: number): Promise<boolean> {
  try {
    const script = `exec 3<>/dev/tcp/${LAB_ADDRESS}/${port} && echo ${action} >&3 && cat <&3; sleep 0.5`;
    const result = await exec(sandbox, ['bash', '-c', script], { timeoutSeconds: 120 });
    if (result.sandboxDied) return false;
    expect(result).toMatchObject({ exitCode: 0, timedOut: false });
    return true;
  } catch (error) {
    if (error instanceof AssayError && error.code === 'sandbox-died') return false;
    throw error;
  }
}

async function listen(onAction: (action: string) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    socket.on('error', () => {}); // of a pod that was deleted
    socket.once('data', (bytes) => {
      onAction(bytes.toString().trim());
      socket.end('taken');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, LAB_ADDRESS, resolve));
  return server;
}
