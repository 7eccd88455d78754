/** Task sets as folders of task folders, and single task folders. Names are looked up below the working directory, then among the bundled sets. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { digestOf } from '../base/digest.ts';
import { AssayError, type Dataset, type DatasetSource, type TaskInstance } from '../contracts/index.ts';
import { packageRoot } from './package-root.ts';
import { inside } from './read-tree.ts';
import { readTaskFolder } from './task-folder.ts';
import { type TaskProblem, taskInvalid } from './task-problem.ts';

export interface TaskFolderSourceOptions {
  /** Default: the working directory. */
  cwd?: string;
  /** Where bundled sets lie. Default: the folder of this package. */
  bundled?: string;
}

/** Behind the name of a set: agents are told what each task is worth. Part of the name, so that a resumed run is told the same. */
const PRICES_SHOWN = '+prices';

/** The source for task folders. `tasks/freelance+prices` is the set with its prices shown. */
export function taskFolderSource(options: TaskFolderSourceOptions = {}): DatasetSource {
  const roots = () => [options.cwd ?? process.cwd(), options.bundled ?? packageRoot()];
  return {
    accepts: async (reference) => (await findSet(folderOf(reference), roots())) !== null,
    load: async (reference) => {
      const dir = await findSet(folderOf(reference), roots());
      if (dir === null) throw notFound(reference, roots());
      return loadSet(dir, reference);
    },
  };
}

function folderOf(reference: string): string {
  return reference.endsWith(PRICES_SHOWN) ? reference.slice(0, -PRICES_SHOWN.length) : reference;
}

function notFound(reference: string, roots: readonly string[]): AssayError {
  const where = [...new Set(roots.map((root) => resolve(root, reference)))].join(' and ');
  return new AssayError('dataset-not-found', `There is no task set ${reference}: looked for tasks at ${where}.`, {
    class: 'input',
    retryable: false,
    hint: 'Name a folder that holds task folders (each with a task.yaml), or a bundled set such as tasks/starter.',
  });
}

/** The first root below which the reference is a folder with tasks. */
async function findSet(reference: string, roots: readonly string[]): Promise<string | null> {
  for (const root of roots) {
    const dir = resolve(root, reference);
    if (!(await isFolder(dir))) continue;
    if (await exists(join(dir, 'task.yaml'))) return dir;
    for (const name of await taskNames(dir)) if (await exists(join(dir, name, 'task.yaml'))) return dir;
  }
  return null;
}

/** Folders below a set that have to be tasks, sorted by name. */
async function taskNames(dir: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of (await readdir(dir)).sort()) {
    if (!/^[._]/.test(name) && name !== 'node_modules' && (await isFolder(join(dir, name)))) names.push(name);
  }
  return names;
}

async function loadSet(dir: string, reference: string): Promise<Dataset> {
  const single = await exists(join(dir, 'task.yaml'));
  const folders = single ? [dir] : (await taskNames(dir)).map((name) => join(dir, name));
  const problems: TaskProblem[] = [];
  const instances: TaskInstance[] = [];
  const setPath = await realpath(single ? join(dir, '..') : dir);
  for (const folder of folders) {
    if (!inside(await realpath(folder), setPath)) {
      problems.push({ file: folder, message: 'is a link to a place outside of the set' });
      continue;
    }
    const result = await readTaskFolder(folder, { revealPrice: reference.endsWith(PRICES_SHOWN) });
    problems.push(...result.problems);
    if (result.instance !== undefined) instances.push(result.instance);
  }
  if (problems.length > 0) throw taskInvalid(problems);
  return { name: basename(dir), reference, digest: datasetDigest(instances), instances };
}

/** Of ids and instance digests, whatever the order. */
export function datasetDigest(instances: readonly TaskInstance[]): string {
  return digestOf(Object.fromEntries(instances.map((instance) => [instance.instanceId, instance.digest])));
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
