import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { createKubernetesBackend } from '../../src/sandbox/kubernetes/kubernetes-backend.ts';
import { describeSandboxContract } from '../contracts/sandbox-contract.ts';
import { LAB_ADDRESS, LAB_IMAGE, labCluster } from '../support/lab-cluster.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-kubernetes-contract-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const found = await labCluster();

describeRequiring('kubernetes', found.problem, 'kubernetes', () => {
  if (found.problem !== undefined) return;
  const make = () => createKubernetesBackend({ paths: assayPaths(home), settings: found.settings });
  describeSandboxContract('kubernetes', make, { kind: 'image', reference: LAB_IMAGE }, LAB_ADDRESS);
});
