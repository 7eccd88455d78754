/**
 * What `assay dataset check` finds beyond loading (which proves the schema, the files and their limits). The static part needs no sandbox; that gold applies and that
 * tests fail before and pass after it is proved by functions the caller gives, because they need environments and grading.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, TaskInstance } from '../contracts/index.ts';
import { patchPaths } from './patch-paths.ts';

export interface InstanceCheck {
  instanceId: string;
  /** The task cannot be used as it is. */
  problems: string[];
  /** Worth a look. */
  warnings: string[];
}

export interface DatasetCheckOptions {
  /** Names of log parsers that exist. */
  parsers?: readonly string[];
  /** Sentences about what is wrong with one instance; called one after another, only for instances without a static problem. */
  prove?: (instance: TaskInstance) => Promise<string[]>;
  onResult?: (check: InstanceCheck) => void;
}

/** One result per instance, in the order of the dataset. Throws only what `prove` throws. */
export async function checkDataset(dataset: Dataset, options: DatasetCheckOptions = {}): Promise<InstanceCheck[]> {
  const results: InstanceCheck[] = [];
  const seen = new Set<string>();
  for (const instance of dataset.instances) {
    const check = await checkInstance(instance, options.parsers);
    if (seen.has(instance.instanceId.toLowerCase())) check.problems.push('another task has the same id');
    seen.add(instance.instanceId.toLowerCase());
    if (options.prove !== undefined && check.problems.length === 0)
      check.problems.push(...(await options.prove(instance)));
    options.onResult?.(check);
    results.push(check);
  }
  return results;
}

async function checkInstance(instance: TaskInstance, parsers: readonly string[] | undefined): Promise<InstanceCheck> {
  const { task } = instance;
  const check: InstanceCheck = { instanceId: instance.instanceId, problems: [], warnings: [] };
  if (task.choice !== undefined) return check;
  if (parsers !== undefined && !parsers.includes(task.grading.parser)) {
    check.problems.push(`grading.parser: there is no parser ${task.grading.parser}; known: ${parsers.join(', ')}`);
  }
  if (instance.hiddenFiles.length === 0) check.problems.push('tests: holds no hidden test');
  if ('patch' in task.gold) await checkGold(instance, task.gold.patch, check);
  if (task.grading.passToPass.length === 0) {
    check.warnings.push('grading.passToPass is empty: nothing guards what already works');
  }
  for (const name of task.images) {
    if (!instance.problemStatement.includes(name)) check.warnings.push(`images: issue.md does not mention ${name}`);
  }
  for (const [registry, pin] of [
    ['npm', 'integrity'],
    ['pypi', 'sha256'],
  ] as const) {
    for (const key of ['source', 'gold'] as const) {
      if (registry in task[key] && !(pin in task[key])) {
        check.warnings.push(`${key}: without ${pin} the archive is trusted as the registry gives it`);
      }
    }
  }
  return check;
}

async function checkGold(instance: TaskInstance, name: string, check: InstanceCheck): Promise<void> {
  const patch = await readFile(join(instance.dir, name), 'utf8');
  const paths = patchPaths(patch);
  if (paths.length === 0) check.problems.push(`${name}: is not a git patch`);
  const hidden = new Set(instance.hiddenFiles.map((file) => file.path));
  for (const path of paths) {
    if (path.startsWith('/') || path.split('/').some((part) => part === '..' || part.toLowerCase() === '.git')) {
      check.problems.push(`${name}: touches ${path}, which is outside of the work tree`);
    }
    if (hidden.has(path)) check.problems.push(`${name}: touches ${path}, which the hidden tests replace`);
  }
  const added = patch.split('\n').filter((line) => /^\+(?!\+\+ )/.test(line) && line.trim().length > 40);
  const told = added.find((line) => instance.problemStatement.includes(line.slice(1).trim()));
  if (told !== undefined) check.warnings.push(`issue.md tells a line of the answer: ${told.slice(1).trim()}`);
}
