import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { createDockerBackend } from '../../src/sandbox/docker/docker-backend.ts';
import { describeSandboxContract } from '../contracts/sandbox-contract.ts';
import { engineTestImage } from '../support/engine-image.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-docker-contract-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const found = await engineTestImage();
const make = () => createDockerBackend({ paths: assayPaths(home) });
const problem = found.problem ?? (await problemOf());

describeRequiring('docker', problem, 'docker', () => {
  if (found.problem !== undefined) return;
  describeSandboxContract('docker', make, { kind: 'image', reference: found.image });
});

async function problemOf(): Promise<string | undefined> {
  const backend = make();
  const probe = await backend.probe();
  await backend.close();
  return probe.available ? undefined : probe.notes.join(' ');
}
