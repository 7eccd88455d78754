/** A dataset by the name a user gives: the first source that understands it. */
import { AssayError, type Dataset, type DatasetSource } from '../contracts/index.ts';
import { type TaskFolderSourceOptions, taskFolderSource } from './task-folder-source.ts';

export interface LoadDatasetOptions extends TaskFolderSourceOptions {
  /** Asked in this order. Default: task folders. */
  sources?: readonly DatasetSource[];
}

/** Throws `dataset-not-found`, or `task-invalid` listing every problem of every task. */
export async function loadDataset(reference: string, options: LoadDatasetOptions = {}): Promise<Dataset> {
  if (reference.trim() === '') {
    throw new AssayError('dataset-not-found', 'The name of the task set is empty.', {
      class: 'input',
      retryable: false,
    });
  }
  const fallback = taskFolderSource(options);
  for (const source of options.sources ?? [fallback]) {
    if (await source.accepts(reference)) return source.load(reference);
  }
  return fallback.load(reference);
}
