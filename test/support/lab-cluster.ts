/** The Kubernetes that tests use: the one that `test/kubernetes/lab/cluster.sh` brought up on this machine, with an image to run. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runHostProcess } from '../../src/base/host-process.ts';
import { type KubernetesSettings, kubernetesSettingsSchema } from '../../src/sandbox/kubernetes/kubernetes-settings.ts';
import { rootArchive } from './engine-image.ts';

const STATE = '/var/lib/assay-lab';
const LAB = join(import.meta.dirname, '..', 'kubernetes', 'lab');
export const LAB_IMAGE = 'assay.lab/test-base:1';
/** Of this machine, on the network of the nodes. */
export const LAB_ADDRESS = '172.31.9.1';

/** Settings for it, or why tests with it cannot run here. */
export async function labCluster(): Promise<
  { settings: KubernetesSettings; problem?: undefined } | { problem: string }
> {
  const kubeconfig = join(STATE, 'keys', 'admin.conf');
  if (!existsSync(kubeconfig))
    return { problem: 'no lab cluster runs: test/kubernetes/lab/build.sh, then cluster.sh up' };
  try {
    await ensureImage();
  } catch (error) {
    return { problem: (error as Error).message };
  }
  // The lab's network plug-in enforces no policy.
  const settings = { kubeconfig, namespace: 'default', imagePullPolicy: 'Never', networkPolicy: 'trusted' };
  return { settings: kubernetesSettingsSchema.parse(settings) };
}

/** Runs `cluster.sh`. Throws with what it said. */
export async function lab(...argv: readonly string[]): Promise<void> {
  await script('cluster.sh', ...argv);
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

async function script(name: string, ...argv: readonly string[]): Promise<void> {
  const result = await runHostProcess([join(LAB, name), ...argv], { env: process.env, timeoutMs: 240_000 });
  if (result.code !== 0) throw new Error(`${name} ${argv.join(' ')}: ${result.stderr.toString().slice(-500)}`);
}
