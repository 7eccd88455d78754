/** A process that starts a sandbox in a container, prints its name and waits to be killed. Arguments: home, image. */
import { assayPaths } from '../../src/base/paths.ts';
import { createDockerBackend } from '../../src/sandbox/docker/docker-backend.ts';

const [, , home = '', image = ''] = process.argv;
const sandbox = await createDockerBackend({ paths: assayPaths(home) }).create({
  base: { kind: 'image', reference: image },
  layers: [],
  limits: { memoryBytes: 2 ** 28, pids: 64, cpus: 1, diskBytes: 2 ** 26, wallSeconds: 300 },
  network: 'none',
  env: { PATH: '/usr/bin:/bin' },
  workdir: '/testbed',
});
await sandbox.spawn(['sleep', '300']);
process.stdout.write(`assay-${sandbox.id}\n`);
setInterval(() => {}, 1000);
