/** Opens a sandbox of one tier (arguments: store, tier, tag), leaves a process with that tag in it, says so, waits to be killed. */
import { assayPaths } from '../../src/base/paths.ts';
import { createNativeBackend, type NativeTier } from '../../src/sandbox/native/native-backend.ts';
import { CONTRACT_SPEC } from '../contracts/sandbox-contract.ts';

const [store = '', tier = '', tag = ''] = process.argv.slice(2);
const backend = createNativeBackend({ paths: assayPaths(store), tier: tier as NativeTier });
const sandbox = await backend.create(CONTRACT_SPEC);
const child = await sandbox.spawn([
  'bash',
  '-c',
  `(setsid bash -c 'exec -a ${tag} sleep 600' &) ; echo up; exec -a ${tag} sleep 600`,
]);
child.stdout.once('data', () => process.stdout.write('up\n'));
setInterval(() => {}, 1000);
