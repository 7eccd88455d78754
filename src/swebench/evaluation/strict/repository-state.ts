/** What decides how git sees the repository, and which sources lie in it. */
import type { Sandbox } from '../../../contracts/index.ts';
import { exec } from '../../../sandbox/exec.ts';

const REPOSITORY = `cd "$1" && for path in .git/config .git/HEAD .git/packed-refs .git/info .git/hooks .git/refs .git/objects/info .git/modules; do
  [ ! -e "$path" ] || find "$path" -type f -print0
done | sort -z | xargs -0 -r sha256sum --`;

/** Digests; neither a patch nor an installation changes them. */
export async function repositoryState(sandbox: Sandbox, signal: AbortSignal): Promise<string> {
  return run(sandbox, REPOSITORY, signal);
}

const SOURCES = `find "$1" -path "$1/.git" -prune -o -name '*.py' -type f -print0 | xargs -0 -r sha256sum --`;

/** Digest by path of all Python files of the work tree. */
export async function sourceState(sandbox: Sandbox, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const lines = (await run(sandbox, SOURCES, signal)).split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.replace(/^\S+ [ *]/, ''), line.split(' ')[0] ?? '']));
}

async function run(sandbox: Sandbox, program: string, signal: AbortSignal): Promise<string> {
  const argv = ['bash', '--noprofile', '--norc', '-c', program, 'bash', sandbox.spec.workdir];
  return (await exec(sandbox, argv, { cwd: '/', timeoutSeconds: 120, signal })).stdout.toString();
}
