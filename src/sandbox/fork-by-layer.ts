/** Fork for backends that have nothing quicker than a layer: the files as one more layer, and /tmp, which layers leave out, copied. */
import { text } from 'node:stream/consumers';
import { AssayError, type LayerRef, type Sandbox, type SandboxSpec } from '../contracts/index.ts';
import { allOrNone } from './all-or-none.ts';
import { exec } from './exec.ts';

export interface ForkByLayer {
  /** Nothing runs in it any more. */
  parent: Sandbox;
  count: number;
  /** Makes a layer of the parent's files and leaves the parent alive. */
  storeLayer(): Promise<LayerRef>;
  create(spec: SandboxSpec): Promise<Sandbox>;
}

export async function forkByLayer({ parent, count, storeLayer, create }: ForkByLayer): Promise<Sandbox[]> {
  const layer = await storeLayer();
  const spec = { ...parent.spec, layers: [...parent.spec.layers, layer] };
  const forks = await allOrNone(Array.from({ length: count }, () => create(spec)));
  const copies = await Promise.allSettled(forks.map((fork) => copyTmp(parent, fork)));
  const failure = copies.find((copy) => copy.status === 'rejected');
  if (failure === undefined) return forks;
  await Promise.all(forks.map((fork) => fork.destroy()));
  throw failure.reason;
}

/** Each entry by name: the mode and times of /tmp itself are nobody's to set. */
const PACK = `set --; for name in * .[!.]* ..?*; do if [ -e "$name" ] || [ -L "$name" ]; then set -- "$@" "./$name"; fi; done; exec tar -cf - "$@"`;

async function copyTmp(from: Sandbox, to: Sandbox): Promise<void> {
  const anything = await exec(from, ['/bin/sh', '-c', 'ls -A /tmp'], { timeoutSeconds: 60 });
  if (anything.stdout.length === 0) return;
  const source = await from.spawn(['/bin/sh', '-c', PACK], { cwd: '/tmp' });
  const target = await to.spawn(['tar', '-C', '/tmp', '-xpf', '-'], { cwd: '/' });
  target.stdout.resume();
  const complaints = Promise.all([text(source.stderr), text(target.stderr)]);
  // The receiver knows the end of an archive when it sees it, and need not read what comes behind.
  source.stdout.pipe(target.stdin);
  void target.exit.then(() => source.stdout.unpipe().resume());
  const [packed, unpacked] = await Promise.all([source.exit, target.exit]);
  if (packed.code === 0 && unpacked.code === 0) return;
  throw new AssayError('sandbox-create-failed', 'the files in /tmp could not be copied into a fork', {
    class: 'infra',
    retryable: true,
    details: { packed, unpacked, complaints: await complaints },
  });
}
