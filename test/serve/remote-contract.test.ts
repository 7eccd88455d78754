/** The `remote` backend keeps the contract of sandboxes, over native ones and over containers behind a server on the loopback. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import type { SandboxBackend, SandboxBase } from '../../src/contracts/index.ts';
import { createDockerBackend } from '../../src/sandbox/docker/docker-backend.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { createRemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { describeSandboxContract } from '../contracts/sandbox-contract.ts';
import { engineProblem, engineTestImage } from '../support/engine-image.ts';
import { describeRequiring } from '../support/requirements.ts';
import { GENEROUS, openServeBench, type ServeBench } from './serve-bench.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-remote-contract-'));
chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
const paths = assayPaths(home);
afterAll(() => rmSync(home, { recursive: true, force: true }));

const native = createNativeBackend({ paths });
const probe = await native.probe();
await native.close();
describeRequiring('native', probe.available ? undefined : probe.notes.join(' '), 'remote over native', () =>
  describeOver('native', () => createNativeBackend({ paths })),
);

const engine = await engineTestImage();
const problem = engine.problem ?? (await engineProblem(createDockerBackend({ paths })));
describeRequiring('docker', problem, 'remote over docker', () => {
  if (engine.problem !== undefined) return;
  describeOver('docker', () => createDockerBackend({ paths }), { kind: 'image', reference: engine.image });
});

function describeOver(name: string, makeBackend: () => SandboxBackend, base?: SandboxBase): void {
  let bench: ServeBench;
  let apiKey: string;
  beforeAll(async () => {
    const policy = { hostNetwork: true, registries: ['docker.io', 'assay.local'], runtimeHosts: [], most: GENEROUS };
    bench = await openServeBench(makeBackend(), { policy });
    apiKey = await bench.makeKey('contract');
  });
  afterAll(() => bench.close());
  describeSandboxContract(`remote over ${name}`, () => createRemoteBackend({ url: bench.server.url, apiKey }), base);
}
