/** Which sandboxes a command uses, as flags and as what a run keeps of it. */
import { resolve } from 'node:path';
import { digestOf } from '../base/digest.ts';
import type { Dataset } from '../contracts/index.ts';

const TIER = {
  kind: 'string',
  choices: ['helper', 'bubblewrap', 'unshare'],
  help: 'only this kind of native sandbox (default: the best that works)',
} as const;

export const BACKEND_FLAGS = {
  sandbox: {
    kind: 'string',
    choices: ['native', 'docker', 'kubernetes', 'remote'],
    default: 'native',
    help: 'what makes sandboxes; docker: a Docker or Podman engine, for tasks on images; kubernetes: pods of a cluster, likewise; remote: the server that ASSAY_SERVER names',
  },
  tier: TIER,
} as const;

export const SANDBOX_FLAGS = {
  ...BACKEND_FLAGS,
  image: { kind: 'string', placeholder: 'name', help: 'run tasks that name no image on this one' },
} as const;

export interface SandboxChoice {
  sandbox: string;
  tier?: string | undefined;
}

/** File with the settings of the cluster that `--sandbox kubernetes` uses, if one is named. */
export function clusterSettingsPath(): string | undefined {
  const { ASSAY_KUBERNETES: path } = process.env;
  return path ? resolve(path) : undefined;
}

/** The set with the image under every task that has none; the tasks' digests tell. */
export function withImage(dataset: Dataset, image: string | undefined): Dataset {
  if (image === undefined) return dataset;
  const instances = dataset.instances.map((one) => {
    if (one.task.environment.image !== undefined) return one;
    const environment = { ...one.task.environment, image };
    return { ...one, task: { ...one.task, environment }, digest: digestOf({ digest: one.digest, image }) };
  });
  return { ...dataset, instances, digest: digestOf({ digest: dataset.digest, image }) };
}
