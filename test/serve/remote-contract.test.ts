/** The `remote` backend keeps the contract of sandboxes, over native sandboxes behind a server on the loopback. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { createRemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { describeSandboxContract } from '../contracts/sandbox-contract.ts';
import { describeRequiring } from '../support/requirements.ts';
import { openServeBench } from './serve-bench.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-remote-contract-'));
chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
const native = createNativeBackend({ paths: assayPaths(home) });
const probe = await native.probe();
const bench = await openServeBench(native);
const apiKey = await bench.makeKey('contract');
afterAll(async () => {
  await bench.close();
  rmSync(home, { recursive: true, force: true });
});

describeRequiring('native', probe.available ? undefined : probe.notes.join(' '), 'remote over native', () =>
  describeSandboxContract('remote over native', () => createRemoteBackend({ url: bench.server.url, apiKey })),
);
