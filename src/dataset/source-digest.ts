/** Digests of what a task's repository and gold patch are made from. Local content counts by its bytes; published packages by their exact name. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { digestOf, sha256 } from '../base/digest.ts';
import type { Source } from '../contracts/index.ts';
import { inside, readTree } from './read-tree.ts';
import { TASK_LIMITS } from './task-limits.ts';
import type { TaskProblem } from './task-problem.ts';

export type SourceDigest = { digest: string; problems: [] } | { digest?: undefined; problems: TaskProblem[] };

/** Where a local source lies. It may stand beside the task, inside the set: tasks share repositories. */
export function sourcePath(dir: string, source: Source): string | null {
  if ('git' in source) return resolve(dir, source.git);
  if ('folder' in source) return resolve(dir, source.folder);
  return null;
}

/** `dir` is the task's folder; `shown` names task.yaml in messages. */
export async function sourceDigest(dir: string, source: Source, shown: string): Promise<SourceDigest> {
  const path = sourcePath(dir, source);
  if (path === null) return { digest: digestOf(source), problems: [] };
  const problem = (message: string): SourceDigest => ({ problems: [{ file: shown, message: `source: ${message}` }] });
  const boundary = await realpath(dirname(dir));
  const real = await realpath(path).catch(() => null);
  const name = 'git' in source ? source.git : 'folder' in source ? source.folder : '';
  if (real === null) return problem(`${name} does not exist`);
  if (!inside(real, boundary)) return problem(`${name} lies outside of the task set`);
  if ('git' in source) {
    const { size } = await stat(real);
    if (!(await stat(real)).isFile()) return problem(`${name} is not a file`);
    if (size > TASK_LIMITS.streamBytes) return problem(`${name} is larger than ${TASK_LIMITS.streamBytes} bytes`);
    return { digest: digestOf({ git: sha256(await readFile(real)), commit: source.commit }), problems: [] };
  }
  if (real === (await realpath(dir))) return problem('the task folder itself holds the answer; use a folder below it');
  const tree = await readTree(real, real, TASK_LIMITS.sourceFolder, name);
  if (tree.problems.length > 0) return { problems: tree.problems };
  if (tree.files.length === 0) return problem(`${name} is empty`);
  return { digest: digestOf({ folder: tree.files.map(fileDigest) }), problems: [] };
}

/** One file as digest material. */
export function fileDigest(file: { path: string; content: Uint8Array; mode: number }): [string, number, string] {
  return [file.path, file.mode, sha256(file.content)];
}
