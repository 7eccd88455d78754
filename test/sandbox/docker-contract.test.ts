import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { createDockerBackend } from '../../src/sandbox/docker/docker-backend.ts';
import { describeSandboxContract } from '../contracts/sandbox-contract.ts';
import { engineProblem, engineTestImage } from '../support/engine-image.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-docker-contract-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const found = await engineTestImage();
const make = () => createDockerBackend({ paths: assayPaths(home) });
const problem = found.problem ?? (await engineProblem(make()));

describeRequiring('docker', problem, 'docker', () => {
  if (found.problem !== undefined) return;
  describeSandboxContract('docker', make, { kind: 'image', reference: found.image });
});
