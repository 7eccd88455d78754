/** The Kubernetes that tests use: the one that `test/kubernetes/lab/cluster.sh` brought up on this machine, with an image to run. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runHostProcess } from '../../src/base/host-process.ts';
import type { SandboxSpec } from '../../src/contracts/index.ts';
import { ApiClient } from '../../src/sandbox/kubernetes/api-client.ts';
import { openClusterAccess } from '../../src/sandbox/kubernetes/cluster-access.ts';
import { type KubernetesSettings, kubernetesSettingsSchema } from '../../src/sandbox/kubernetes/kubernetes-settings.ts';
import { podListSchema } from '../../src/sandbox/kubernetes/pod-view.ts';
import { rootArchive } from './engine-image.ts';

const STATE = '/var/lib/assay-lab';
const SCRIPTS = join(import.meta.dirname, '..', 'kubernetes', 'lab');
export const LAB_IMAGE = 'assay.lab/test-base:1';
/** Of this machine, on the network of the nodes. */
export const LAB_ADDRESS = '172.31.9.1';
/** That deploy/kubernetes/base makes. */
export const LAB_NAMESPACE = 'assay';
/** With the rights of deploy/kubernetes/base and no others. */
export const LAB_KUBECONFIG = join(STATE, 'keys', 'account.conf');

/** A small sandbox on the image of the lab. */
export const LAB_SPEC: SandboxSpec = {
  base: { kind: 'image', reference: LAB_IMAGE },
  layers: [],
  limits: { memoryBytes: 2 ** 27, pids: 64, cpus: 0.5, diskBytes: 2 ** 26, wallSeconds: 600 },
  network: 'none',
  env: { PATH: '/usr/bin:/bin' },
  workdir: '/work',
};

/** Settings for it, or why tests with it cannot run here. */
export async function labCluster(): Promise<
  { settings: KubernetesSettings; problem?: undefined } | { problem: string }
> {
  if (!existsSync(LAB_KUBECONFIG))
    return { problem: 'no lab cluster runs: test/kubernetes/lab/build.sh, then cluster.sh up' };
  try {
    await ensureImage();
  } catch (error) {
    return { problem: (error as Error).message };
  }
  const settings = kubernetesSettingsSchema.parse({
    kubeconfig: LAB_KUBECONFIG,
    imagePullPolicy: 'Never', // no registry has the image
    networkPolicy: 'trusted', // the lab's network plug-in enforces no policy
    requests: { cpu: 0.05 }, // many on few processors
  });
  return { settings };
}

/** Runs `cluster.sh`; gives what it printed. Throws with what it complained of. */
export function lab(...argv: readonly string[]): Promise<string> {
  return script('cluster.sh', ...argv);
}

/** As administrator, or as the user of another kubeconfig. */
export async function labClient(kubeconfig = join(STATE, 'keys', 'admin.conf')): Promise<ApiClient> {
  return new ApiClient({ access: await openClusterAccess({ kubeconfig }) });
}

export const LAB_PODS = `/api/v1/namespaces/${LAB_NAMESPACE}/pods`;

/** Of all pods that are there, ended ones included. */
export async function labPodNames(): Promise<string[]> {
  const reply = await (await labClient()).call({ method: 'GET', path: LAB_PODS });
  return (podListSchema.parse(reply.body).items ?? []).map(({ metadata }) => metadata.name);
}

async function ensureImage(): Promise<void> {
  if (existsSync(join(STATE, 'images', 'assay.lab_test-base_1.tar'))) return;
  const config = JSON.stringify({
    Cmd: ['bash'],
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'FROM_IMAGE=yes'],
    WorkingDir: '/srv',
  });
  const folder = join(STATE, 'made');
  await script('make-image.sh', LAB_IMAGE, await rootArchive(), config, folder);
  await lab('image', join(folder, 'assay.lab_test-base_1.tar'));
}

async function script(name: string, ...argv: readonly string[]): Promise<string> {
  const result = await runHostProcess([join(SCRIPTS, name), ...argv], { env: process.env, timeoutMs: 240_000 });
  if (result.code !== 0) throw new Error(`${name} ${argv.join(' ')}: ${result.stderr.toString().slice(-500)}`);
  return result.stdout.toString();
}
