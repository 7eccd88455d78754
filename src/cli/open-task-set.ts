/** What `run` and `resume` set agents to: a folder of tasks, or a SWE-bench data set with its own environments and grading. */
import { resolve } from 'node:path';
import { AssayError, type Dataset, type RunManifest } from '../contracts/index.ts';
import { filterInstances, type InstanceFilter } from '../dataset/filter-instances.ts';
import { loadDataset } from '../dataset/load-dataset.ts';
import type { GradePorts } from '../run/ports.ts';
import { createAgentEnvironments } from '../swebench/agent/agent-environments.ts';
import { gradesRows } from '../swebench/agent/grade-row.ts';
import { swebenchDataset } from '../swebench/agent/swebench-tasks.ts';
import { isSwebenchReference } from '../swebench/dataset/load-instances.ts';
import type { Engine } from './compose.ts';
import { openRows } from './open-rows.ts';
import { withImage } from './sandbox-flags.ts';
import { assetCache, openSwebenchEnvironments, REPOSITORIES } from './swebench-grading.ts';

const DEFAULT_SPLIT = 'test';

/** Of commands that also take SWE-bench sets. */
export const TABLE_FLAGS = {
  split: {
    kind: 'string',
    short: 's',
    default: DEFAULT_SPLIT,
    placeholder: 'name',
    help: 'split of a SWE-bench data set',
  },
  repos: REPOSITORIES,
} as const;

export interface TaskSet {
  dataset: Dataset;
  /** Of a SWE-bench set; kept in the run's lock. */
  table?: NonNullable<RunManifest['dataset']['table']>;
  /** How its tasks are built and graded. */
  portsOf(engine: Engine): GradePorts;
}

export interface TaskSetRequest {
  filter: InstanceFilter;
  split: string;
  /** Folders with git repositories, for SWE-bench sets. */
  repos: readonly string[];
  image: string | undefined;
  signal: AbortSignal;
}

/** Throws what loading throws, and `usage` for flags that mean nothing for the set. */
export async function openTaskSet(reference: string, request: TaskSetRequest): Promise<TaskSet> {
  const { split, repos, image, filter } = request;
  if (!(await isSwebenchReference(reference, split))) {
    if (repos.length > 0)
      throw unfit(`${reference} is a folder of tasks, which bring their repositories`, 'Leave --repos out.');
    return taskFolder(withImage(filterInstances(await loadDataset(reference), filter), image));
  }
  if (repos.length === 0 && image !== undefined)
    throw unfit(`${reference} runs in its published images`, 'Give --repos as well to build on an image of your own.');
  const published = await openRows(reference, request);
  const rows = repos.length === 0 ? published : published.map(({ image: _, ...row }) => row);
  const dataset = withImage(swebenchDataset(reference, rows), image);
  const table = { split, repos: repos.map((folder) => resolve(folder)) };
  return {
    dataset,
    table,
    portsOf(engine) {
      const environments = openSwebenchEnvironments(engine, table.repos, image);
      const places = { rows: new Map(rows.map((row) => [row.instance_id, row])), environments };
      return {
        backend: engine.backend,
        environments: createAgentEnvironments({ ...places, backend: engine.backend, paths: engine.paths }),
        gradeAttempt: gradesRows({ ...places, assetCache: assetCache(engine) }),
      };
    },
  };
}

/** Tasks that the project's own environments and grading serve. */
export function taskFolder(dataset: Dataset): TaskSet {
  return { dataset, portsOf: ({ gradePorts }) => gradePorts };
}

/** The tasks of a run that was begun before; the whole set, as a resume takes what it needs. */
export function reopenTaskSet({ dataset, sandbox }: RunManifest, signal: AbortSignal): Promise<TaskSet> {
  const { reference, instances, table } = dataset;
  return openTaskSet(reference, {
    filter: table === undefined ? {} : { instances: instances.map(({ instanceId }) => instanceId) },
    split: table?.split ?? DEFAULT_SPLIT,
    repos: table?.repos ?? [],
    image: sandbox?.image,
    signal,
  });
}

function unfit(message: string, hint: string): AssayError {
  return new AssayError('usage', message, { class: 'input', retryable: false, hint });
}
