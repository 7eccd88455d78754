import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { counted } from '../../base/counted.ts';
import { sandboxLimitsSchema, type TaskInstance } from '../../contracts/index.ts';
import { checkDataset } from '../../dataset/check-dataset.ts';
import { filterInstances } from '../../dataset/filter-instances.ts';
import { loadDataset } from '../../dataset/load-dataset.ts';
import { packageRoot } from '../../dataset/package-root.ts';
import { taskJsonSchema } from '../../dataset/task-json-schema.ts';
import { PARSER_NAMES } from '../../grading/parsers/index.ts';
import { validate } from '../../run/validate.ts';
import { openEngine } from '../compose.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';
import { createProgress } from '../progress.ts';
import { FILTER_FLAGS, filterOf, TASK_SET } from '../run-flags.ts';

export const datasetLsCommand = defineCommand({
  name: 'dataset ls',
  summary: 'the bundled task sets',
  arguments: [],
  flags: {},
  examples: [],
  async run({ flags }) {
    const root = join(packageRoot(), 'tasks');
    const names = (await readdir(root, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map((entry) => `tasks/${entry.name}`);
    const sets = await Promise.all(
      names.map(async (name) => ({ name, instances: (await loadDataset(name)).instances.length })),
    );
    print(flags.json, sets, sets.map((set) => `${set.name}  ${counted(set.instances, 'task')}\n`).join(''));
    return 0;
  },
});

export const datasetShowCommand = defineCommand({
  name: 'dataset show',
  summary: 'the tasks of a set, or one task',
  arguments: [TASK_SET, { name: 'instance', help: 'instance id', count: 'optional' }],
  flags: FILTER_FLAGS,
  examples: ['assay dataset show tasks/starter shelf-short-pages'],
  async run({ args, flags }) {
    const dataset = filterInstances(await loadDataset(args[0] ?? ''), {
      ...filterOf(flags),
      ...(args[1] === undefined ? {} : { instances: [args[1]] }),
    });
    const rows = dataset.instances.map((one) => ({
      instanceId: one.instanceId,
      title: one.task.title,
      repo: one.task.repo,
      language: one.task.language,
      difficulty: one.task.difficulty ?? null,
      tags: one.task.tags,
      price: one.task.price ?? null,
      parser: one.task.grading.parser,
      failToPass: one.task.grading.failToPass.length,
      passToPass: one.task.grading.passToPass.length,
    }));
    const width = Math.max(8, ...rows.map((row) => row.instanceId.length));
    const text = rows
      .map(
        (row) =>
          `  ${row.instanceId.padEnd(width)}  ${row.language.padEnd(10)} ${(row.difficulty ?? '').padEnd(6)}  ${row.failToPass}/${row.passToPass} tests  ${row.title}\n`,
      )
      .join('');
    const issue = args[1] === undefined ? '' : `\n${dataset.instances[0]?.problemStatement ?? ''}`;
    print(flags.json, { name: dataset.name, digest: dataset.digest, instances: rows }, `${text}${issue}`);
    return 0;
  },
});

export const datasetCheckCommand = defineCommand({
  name: 'dataset check',
  summary: 'look a task set over, and prove that tests fail before and pass after gold',
  description: 'Exits with 1 when a task has a problem.',
  arguments: [TASK_SET],
  flags: { static: { kind: 'boolean', help: 'without running anything' }, ...FILTER_FLAGS },
  examples: ['assay dataset check my-tasks'],
  async run({ args, flags }) {
    const dataset = filterInstances(await loadDataset(args[0] ?? ''), filterOf(flags));
    const progress = createProgress({ quiet: flags.quiet });
    const engine = flags.static ? undefined : await openEngine();
    const prove = async (instance: TaskInstance): Promise<string[]> => {
      if (engine === undefined) return [];
      const report = await validate({
        dataset: { ...dataset, instances: [instance] },
        ports: engine.gradePorts,
        jobs: 1,
        sandboxLimits: sandboxLimitsSchema.parse({}),
      });
      const one = report.instances[0];
      if (one === undefined || one.status === 'valid') return [];
      const gold = one.gold[0];
      const failing = [...(gold?.failToPass.failure ?? []), ...(gold?.passToPass.failure ?? [])].slice(0, 5);
      return [
        one.failure?.message ??
          `${one.status}: with gold ${gold?.verdict ?? 'nothing'}${failing.length > 0 ? ` (not passing: ${failing.join(', ')})` : ''}, unchanged ${one.empty[0]?.verdict ?? 'nothing'}`,
      ];
    };
    try {
      const checks = await checkDataset(dataset, {
        parsers: PARSER_NAMES,
        prove,
        onResult: (check) =>
          progress.say(`${check.instanceId}: ${check.problems.length === 0 ? 'fine' : 'has problems'}`),
      });
      const lines = checks.flatMap((check) => [
        ...check.problems.map((text) => `${check.instanceId}: ${text}\n`),
        ...check.warnings.map((text) => `${check.instanceId}: warning: ${text}\n`),
      ]);
      const bad = checks.filter((check) => check.problems.length > 0).length;
      print(
        flags.json,
        checks,
        `${lines.join('')}${checks.length - bad} of ${checks.length} tasks are fine${flags.static ? ' (nothing was run)' : ''}\n`,
      );
      return bad === 0 ? 0 : 1;
    } finally {
      await engine?.close();
    }
  },
});

export const datasetSchemaCommand = defineCommand({
  name: 'dataset schema',
  summary: 'the JSON Schema of task.yaml',
  arguments: [],
  flags: {},
  examples: ['assay dataset schema > task.schema.json'],
  async run() {
    print(true, taskJsonSchema(), '');
    return 0;
  },
});
