/** One command in a sandbox of the server. Arguments: its URL, an account key. */
import { exec } from '../../src/sandbox/exec.ts';
import { createRemoteBackend } from '../../src/sandbox/remote/remote-backend.ts';
import { SPEC } from './serve-bench.ts';

const [url = '', apiKey = ''] = process.argv.slice(2);
const backend = createRemoteBackend({ url, apiKey });
const sandbox = await backend.create(SPEC);
const { stdout } = await exec(sandbox, ['echo', 'over TLS']);
process.stdout.write(stdout);
await sandbox.destroy();
await backend.close();
