/** Makes one sandbox in the lab cluster, prints the name of its pod, and waits to be killed. Its agent waits ten seconds for a controller. */
import { assayPaths } from '../../src/base/paths.ts';
import { createKubernetesBackend } from '../../src/sandbox/kubernetes/kubernetes-backend.ts';
import { LAB_IMAGE, labCluster } from './lab-cluster.ts';

const found = await labCluster();
if (found.problem !== undefined) throw new Error(found.problem);
const backend = createKubernetesBackend({
  paths: assayPaths(process.argv[2] ?? ''),
  settings: { ...found.settings, orphanSeconds: 10 },
});
const sandbox = await backend.create({
  base: { kind: 'image', reference: LAB_IMAGE },
  layers: [],
  limits: { memoryBytes: 2 ** 27, pids: 64, cpus: 0.5, diskBytes: 2 ** 26, wallSeconds: 600 },
  network: 'none',
  env: {},
  workdir: '/work',
});
process.stdout.write(`${sandbox.id}\n`);
setInterval(() => {}, 1_000);
