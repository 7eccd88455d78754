/** Makes one sandbox in the lab cluster, prints the name of its pod, and waits to be killed. Its agent waits ten seconds for a controller. */
import { assayPaths } from '../../src/base/paths.ts';
import { createKubernetesBackend } from '../../src/sandbox/kubernetes/kubernetes-backend.ts';
import { LAB_SPEC, labCluster } from './lab-cluster.ts';

const found = await labCluster();
if (found.problem !== undefined) throw new Error(found.problem);
const backend = createKubernetesBackend({
  paths: assayPaths(process.argv[2] ?? ''),
  settings: { ...found.settings, orphanSeconds: 10 },
});
const sandbox = await backend.create(LAB_SPEC);
process.stdout.write(`${sandbox.id}\n`);
setInterval(() => {}, 1_000);
