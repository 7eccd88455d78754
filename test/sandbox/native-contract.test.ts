import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { describeSandboxContract } from '../contracts/sandbox-contract.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-contract-'));
chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
afterAll(() => rmSync(home, { recursive: true, force: true }));

for (const tier of ['helper', 'bubblewrap', 'unshare'] as const) {
  const make = () => createNativeBackend({ paths: assayPaths(join(home, tier)), tier });
  const backend = make();
  const probe = await backend.probe();
  await backend.close();
  const problem = probe.available ? undefined : probe.notes.join(' ');
  describeRequiring(tier, problem, `native, ${tier} tier`, () => describeSandboxContract(`native, ${tier} tier`, make));
}
