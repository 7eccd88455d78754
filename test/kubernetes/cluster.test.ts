/** All that needs a real cluster, in one file: its tests run one after the other, and some stop parts of the cluster. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { createKubernetesBackend } from '../../src/sandbox/kubernetes/kubernetes-backend.ts';
import { describeSandboxContract } from '../contracts/sandbox-contract.ts';
import { LAB_ADDRESS, LAB_IMAGE, labCluster, labPodNames } from '../support/lab-cluster.ts';
import { describeRequiring } from '../support/requirements.ts';
import { describeChaos } from './cluster-chaos.ts';
import { describeCommands } from './cluster-commands.ts';
import { describeFaults } from './cluster-faults.ts';
import { describeHostile } from './cluster-hostile.ts';
import { describeLife } from './cluster-life.ts';
import { describeMistakes } from './cluster-mistakes.ts';
import { describeNodes } from './cluster-nodes.ts';
import { describeObjects } from './cluster-objects.ts';
import { describeRights } from './cluster-rights.ts';
import type { LabBackend } from './lab-backend.ts';

const found = await labCluster();

describeRequiring('kubernetes', found.problem, 'kubernetes', () => {
  if (found.problem !== undefined) return;
  const home = mkdtempSync(join(tmpdir(), 'assay-kubernetes-'));
  const open: (() => Promise<void>)[] = [];
  const backend: LabBackend = (changed = {}, access = undefined) => {
    const settings = { ...found.settings, ...changed };
    const made = createKubernetesBackend({ paths: assayPaths(home), settings, ...(access && { access }) });
    open.push(() => made.close());
    return made;
  };

  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });
  afterAll(async () => {
    expect(await labPodNames()).toEqual([]);
    rmSync(home, { recursive: true, force: true });
  });

  const contractBackend = () => createKubernetesBackend({ paths: assayPaths(home), settings: found.settings });
  describeSandboxContract('kubernetes', contractBackend, { kind: 'image', reference: LAB_IMAGE }, LAB_ADDRESS);
  describeLife(backend, home);
  describeRights(backend);
  describeMistakes(backend, home);
  describeHostile(backend);
  describeObjects(backend);
  describeCommands();
  describeFaults(backend);
  describeChaos(backend);
  describeNodes(backend); // last: the others have one node
});
