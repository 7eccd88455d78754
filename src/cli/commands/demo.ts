import { join, resolve } from 'node:path';
import { agentLimitsSchema, type Dataset, sandboxLimitsSchema, type TaskInstance } from '../../contracts/index.ts';
import { filterInstances } from '../../dataset/filter-instances.ts';
import { loadDataset } from '../../dataset/load-dataset.ts';
import { packageRoot } from '../../dataset/package-root.ts';
import { runReport, runReportText } from '../../report/run-report.ts';
import { validate } from '../../run/validate.ts';
import { hostBase } from '../../sandbox/host-base.ts';
import { beginRun } from '../begin-run.ts';
import { openEngine } from '../compose.ts';
import { defineCommand } from '../flag.ts';
import { interruptible } from '../interrupt.ts';
import { taskFolder } from '../open-task-set.ts';
import { print } from '../output.ts';
import { createProgress } from '../progress.ts';
import { observe, validationExit, validationText } from './validate.ts';

/** Instances that the script plays: four it solves, two it gets wrong. */
const PLAYED = [
  'pennyledger-split-cent',
  'almanac-month-end',
  'sluice-stalled-queue',
  'shelf-short-pages',
  'pennyledger-last-day',
  'strata-leaking-profiles',
];

export const demoCommand = defineCommand({
  name: 'demo',
  summary: 'the whole thing on bundled tasks: no key, no network',
  description:
    'Validates tasks/starter with gold patches, then lets a scripted agent work on six of the tasks: it solves four and gets two wrong, which the hidden tests find out.',
  arguments: [],
  flags: {
    jobs: { kind: 'integer', short: 'j', min: 1, default: 2, placeholder: 'n', help: 'at a time' },
    runsDir: { kind: 'string', default: 'runs', placeholder: 'folder', help: 'folder of the run folders' },
  },
  examples: [],
  async run({ flags }) {
    const { dataset, missing } = await usable(await loadDataset('tasks/starter'));
    const validating = createProgress({ quiet: flags.quiet, planned: 2 * dataset.instances.length });
    for (const [tool, ids] of missing)
      validating.say(`without ${tool} on this machine, ${ids.length} tasks are left out: ${ids.join(', ')}`);

    validating.say(
      `1. gold validation of tasks/starter: ${dataset.instances.length} tasks, each with its gold patch and unchanged`,
    );
    const engine = await openEngine();
    const { control, interrupted, dispose } = interruptible(validating.say, { atOnce: true });
    const validation = await validate({
      dataset,
      ports: engine.gradePorts,
      jobs: flags.jobs,
      sandboxLimits: sandboxLimitsSchema.parse({}),
      control,
      observe: (event) => observe(validating, event),
    }).finally(async () => {
      validating.stop();
      dispose();
      await engine.close();
    });
    if (interrupted()) return 130;
    if (!flags.json) print(false, undefined, validationText(validation));

    const played = filterInstances(dataset, {
      instances: PLAYED.filter((id) => dataset.instances.some((one) => one.instanceId === id)),
    });
    const progress = createProgress({ quiet: flags.quiet });
    progress.say(
      `2. a scripted agent works on ${played.instances.length} tasks with bash and the edit tool; hidden tests decide`,
    );
    const { record, exitCode } = await beginRun(
      {
        tasks: taskFolder(played),
        settings: { model: `scripted:${join(packageRoot(), 'tasks', 'demo-script.yaml')}` },
        attempts: 1,
        limits: agentLimitsSchema.parse({}),
        runsDir: resolve(flags.runsDir),
        jobs: flags.jobs,
      },
      progress,
    );
    const report = runReport(record);
    const next = [
      '',
      'Look at what the agent did:',
      `  node bin/assay.mjs show ${record.dir} ${played.instances[0]?.instanceId ?? ''}`,
      `  node bin/assay.mjs show ${record.dir} pennyledger-last-day    # passes the new tests, breaks old ones`,
      `The run, as plain files: ${record.dir}/{run.json,events.jsonl,attempts/<instance>/1/{patch.diff,test_output.txt,report.json}}`,
      '',
    ];
    print(
      flags.json,
      { validation, run: { ...report, dir: record.dir } },
      `\n${runReportText(report)}${next.join('\n')}`,
    );
    return exitCode === 0 ? validationExit(validation) : exitCode;
  },
});

/** The instances whose programs are on this machine, and what is missing for the others. */
async function usable(dataset: Dataset): Promise<{ dataset: Dataset; missing: Map<string, string[]> }> {
  const { tools } = await hostBase();
  const lacking = (one: TaskInstance) => one.task.environment.tools.find((tool) => (tools[tool] ?? null) === null);
  const missing = new Map<string, string[]>();
  for (const one of dataset.instances) {
    const tool = lacking(one);
    if (tool !== undefined) missing.set(tool, [...(missing.get(tool) ?? []), one.instanceId]);
  }
  if (missing.size === 0) return { dataset, missing };
  return {
    dataset: filterInstances(dataset, {
      instances: dataset.instances.filter((one) => lacking(one) === undefined).map((one) => one.instanceId),
    }),
    missing,
  };
}
