/** Datasets of task folders: a set, or a single task, by path or by the name of a bundled set. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { digestOf } from '../base/digest.ts';
import { AssayError, type Dataset, type DatasetSource, type TaskInstance } from '../contracts/index.ts';
import { loadTaskFolder } from './task-folder.ts';

/** Folder of the installed package: bundled sets lie in `tasks/` below it. */
const PACKAGE_ROOT = resolve(import.meta.dirname, '..', '..');

export const taskFolderSource: DatasetSource = {
  async accepts(reference) {
    return (await locate(reference)) !== undefined;
  },

  async load(reference) {
    const dir = await locate(reference);
    if (dir === undefined) {
      throw new AssayError('dataset-not-found', `there is no task set ${reference}`, {
        class: 'input',
        retryable: false,
        hint: 'Give a folder of task folders, or a bundled set: tasks/starter, tasks/registry.',
      });
    }
    const folders = await taskFolders(dir);
    const settled = await Promise.allSettled(folders.map(loadTaskFolder));
    const problems = settled.flatMap((one) => (one.status === 'rejected' ? problemsOf(one.reason) : []));
    if (problems.length > 0) {
      throw new AssayError(
        'task-invalid',
        `${reference} has ${problems.length} problems:\n  ${problems.join('\n  ')}`,
        { class: 'input', retryable: false, details: { problems } },
      );
    }
    const instances = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    return dataset(basename(dir), reference, instances);
  },
};

/** Loads a dataset by its reference. Throws `dataset-not-found`, `task-invalid`. */
export function loadDataset(reference: string): Promise<Dataset> {
  return taskFolderSource.load(reference);
}

export function dataset(name: string, reference: string, instances: TaskInstance[]): Dataset {
  return {
    name,
    reference,
    digest: digestOf(instances.map((instance) => [instance.instanceId, instance.digest])),
    instances,
  };
}

async function locate(reference: string): Promise<string | undefined> {
  for (const candidate of [resolve(reference), join(PACKAGE_ROOT, reference), join(PACKAGE_ROOT, 'tasks', reference)]) {
    if (!(await isFolder(candidate))) continue;
    if ((await taskFolders(candidate)).length > 0) return candidate;
  }
  return undefined;
}

/** The folder itself when it is a task, else the task folders in it; names with `_` or `.` in front are no tasks. */
async function taskFolders(dir: string): Promise<string[]> {
  if (await isFile(join(dir, 'task.yaml'))) return [dir];
  const names = (await readdir(dir)).filter((name) => !/^[_.]/.test(name)).sort();
  const folders: string[] = [];
  for (const name of names) if (await isFile(join(dir, name, 'task.yaml'))) folders.push(join(dir, name));
  return folders;
}

function problemsOf(reason: unknown): string[] {
  const details = reason instanceof AssayError ? reason.details?.problems : undefined;
  return Array.isArray(details) ? details.map(String) : [reason instanceof Error ? reason.message : String(reason)];
}

const isFolder = async (path: string) => (await stat(path).catch(() => undefined))?.isDirectory() === true;
const isFile = async (path: string) => (await stat(path).catch(() => undefined))?.isFile() === true;
