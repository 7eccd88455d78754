/**
 * What of an answer lies in an environment: hidden tests in its repository's history or tree, files as the gold patch would make them, or copies of either anywhere that
 * build steps write to. Whole files are compared, so a short file proves nothing and is left out.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { sha256 } from '../base/digest.ts';
import type { HiddenFile, Sandbox } from '../contracts/index.ts';
import { FIND_COPIES, PATCHED_FILES, RESOLVE_OBJECTS } from './git-scripts.ts';
import type { RepositoryPlace } from './prepare-repository.ts';
import { runScript } from './run-script.ts';

/** Shorter files (an empty `__init__.py`, a one-line fixture) occur everywhere. */
const MIN_TELLING_BYTES = 64;

/** Places that layers reach and an agent can read, beside the repository. */
export const WRITABLE_FOLDERS = ['/home/agent', '/opt', '/srv', '/usr/local', '/var'] as const;

export interface Answer {
  hiddenFiles: readonly HiddenFile[];
  gold: string;
}

/** Sentences about what was found; empty when nothing was. The repository must have been checked before. Throws `environment-build-failed` when the gold patch does not apply. */
export async function leaks(
  sandbox: Sandbox,
  answer: Answer,
  place: RepositoryPlace,
  folders: readonly string[] = WRITABLE_FOLDERS,
): Promise<string[]> {
  const problems: string[] = [];
  const hidden = answer.hiddenFiles.map((file) => ({ ...file, object: blobId(file.content) }));
  const input = hidden.map((file) => `${file.object}\nHEAD:${file.path}\n`).join('');
  const lines = (await runScript(sandbox, RESOLVE_OBJECTS, { ...place, input })).toString().split('\n');
  const wanted = new Map<string, { size: number; what: string }>();
  let known = 0;
  hidden.forEach((file, index) => {
    const [object, atPath] = lines.slice(2 * index, 2 * index + 2);
    // A file that the base state has at this very place is not hidden; tasks may bring it so that grading restores it.
    if (atPath === file.object) known++;
    else if (file.content.length >= MIN_TELLING_BYTES) {
      if (object !== 'missing') problems.push(`the history holds the hidden test ${file.path}`);
      wanted.set(sha256(file.content).slice(7), { size: file.content.length, what: `the hidden test ${file.path}` });
    }
  });
  if (hidden.length > 0 && known === hidden.length) problems.push('all hidden tests are part of the base state');
  for (const file of await patchedFiles(sandbox, answer.gold, place)) {
    if (file.size >= MIN_TELLING_BYTES)
      wanted.set(file.sha256, { size: file.size, what: `${file.path} with the gold patch applied` });
  }
  for (const copy of await copies(sandbox, wanted, place, folders))
    problems.push(`${copy.path} is a copy of ${copy.what}`);
  return problems;
}

async function patchedFiles(sandbox: Sandbox, gold: string, place: RepositoryPlace) {
  const output = (await runScript(sandbox, PATCHED_FILES, { ...place, input: gold })).toString();
  return entries(output).map((entry) => {
    const [size = '', digest = ''] = entry.split(' ', 2);
    return { size: Number(size), sha256: digest, path: entry.slice(size.length + digest.length + 2) };
  });
}

async function copies(
  sandbox: Sandbox,
  wanted: ReadonlyMap<string, { size: number; what: string }>,
  place: RepositoryPlace,
  folders: readonly string[],
) {
  if (wanted.size === 0) return [];
  const input = [...wanted].map(([digest, { size }]) => `${size} ${digest}\n`).join('');
  const output = (
    await runScript(sandbox, FIND_COPIES, { ...place, args: [place.workdir, ...folders], input })
  ).toString();
  const found: { path: string; what: string }[] = [];
  for (const entry of entries(output)) {
    const digest = entry.slice(0, 64);
    const path = entry.slice(66);
    const match = wanted.get(digest);
    if (match !== undefined && !(await isOfHost(path, match.size))) found.push({ path, what: match.what });
  }
  return found;
}

/** True for what the machine itself has at the path: the base shows it to every sandbox, no task can mend that. */
async function isOfHost(path: string, size: number): Promise<boolean> {
  if (!/^\/(opt|usr)\//.test(path)) return false;
  const own = await stat(path).catch(() => null);
  return own?.isFile() === true && own.size === size;
}

/** Git's name of a blob with this content. */
function blobId(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

function entries(output: string): string[] {
  return output.split('\0').filter((entry) => entry !== '');
}
