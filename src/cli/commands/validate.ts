import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { sandboxLimitsSchema } from '../../contracts/index.ts';
import { filterInstances } from '../../dataset/filter-instances.ts';
import { loadDataset } from '../../dataset/load-dataset.ts';
import { timedEvent } from '../../run/run-context.ts';
import { type ValidationEvent, validate } from '../../run/validate.ts';
import type { InstanceValidation, ValidationReport, ValidationStep } from '../../run/validation-report.ts';
import { isSwebenchReference } from '../../swebench/dataset/load-instances.ts';
import { openEngine } from '../compose.ts';
import { defineCommand, type ExitCode } from '../flag.ts';
import { interruptible, withInterrupt } from '../interrupt.ts';
import { openRows } from '../open-rows.ts';
import { TABLE_FLAGS } from '../open-task-set.ts';
import { print } from '../output.ts';
import { createProgress, type Progress } from '../progress.ts';
import { FILTER_FLAGS, filterOf } from '../run-flags.ts';
import { SANDBOX_FLAGS, withImage } from '../sandbox-flags.ts';
import { swebenchValidationExit, swebenchValidationText, validateSwebench } from './validate-swebench.ts';

export const validateCommand = defineCommand({
  name: 'validate',
  summary: 'grade gold and unchanged repositories, n times: what resolves, what flakes',
  description:
    'Exits with 1 unless every gold patch resolves and no unchanged repository does, every time. The first Ctrl-C stops it; gradings under way are not counted.',
  arguments: [
    {
      name: 'dataset',
      help: 'a folder of tasks, tasks/starter, tasks/registry, tasks/freelance, or a SWE-bench data set',
      count: 'one',
    },
  ],
  flags: {
    times: {
      kind: 'integer',
      short: 'n',
      min: 1,
      default: 1,
      placeholder: 'n',
      help: 'how often each patch is graded',
    },
    jobs: { kind: 'integer', short: 'j', min: 1, default: 2, placeholder: 'n', help: 'gradings at a time' },
    out: { kind: 'string', placeholder: 'folder', help: 'keep the report and all outputs here' },
    ...SANDBOX_FLAGS,
    ...TABLE_FLAGS,
    ...FILTER_FLAGS,
  },
  examples: ['assay validate tasks/starter -n 3', 'assay validate verified --repos ~/repositories --limit 10'],
  async run({ args, flags }) {
    if (await isSwebenchReference(args[0] ?? '', flags.split)) return validateTable(args[0] ?? '', flags);
    const dataset = withImage(filterInstances(await loadDataset(args[0] ?? ''), filterOf(flags)), flags.image);
    const engine = await openEngine(flags);
    const progress = createProgress({ quiet: flags.quiet, planned: dataset.instances.length * flags.times * 2 });
    const { control, interrupted, dispose } = interruptible(progress.say, { atOnce: true });
    try {
      const report = await validate({
        dataset,
        ports: engine.gradePorts,
        times: flags.times,
        jobs: flags.jobs,
        sandboxLimits: sandboxLimitsSchema.parse({}),
        control,
        observe: (event) => observe(progress, event),
        ...(flags.out === undefined ? {} : { dir: resolve(flags.out) }),
      });
      progress.stop();
      print(flags.json, report, validationText(report));
      return interrupted() ? 130 : validationExit(report);
    } finally {
      progress.stop();
      dispose();
      await engine.close();
    }
  },
});

interface TableFlags {
  split: string;
  instance: string[];
  tag: string[];
  limit: number | undefined;
  seed: number | undefined;
  repos: string[];
  image: string | undefined;
  times: number;
  jobs: number;
  out: string | undefined;
  sandbox: string;
  tier: string | undefined;
  quiet: boolean;
  json: boolean;
}

async function validateTable(name: string, flags: TableFlags): Promise<ExitCode> {
  const engine = await openEngine(flags);
  const progress = createProgress({ quiet: flags.quiet });
  const { control, interrupted, dispose } = interruptible(progress.say, { atOnce: true });
  const root = resolve(flags.out ?? (await mkdtemp(join(tmpdir(), 'assay-validate-'))));
  try {
    const { split } = flags;
    const filter = filterOf(flags);
    const instances = await withInterrupt((signal) => openRows(name, { split, filter, signal }));
    const validation = await validateSwebench(engine, {
      instances,
      dataset: { name, split },
      repos: flags.repos,
      image: flags.image,
      times: flags.times,
      jobs: flags.jobs,
      root,
      control,
      say: progress.say,
    });
    print(flags.json, validation, swebenchValidationText(validation));
    return interrupted() ? 130 : swebenchValidationExit(validation);
  } finally {
    progress.stop();
    dispose();
    await engine.close();
    if (flags.out === undefined) await rm(root, { recursive: true, force: true });
  }
}

/** Shows which gradings are under way, each verdict, and why something is done again. */
export function observe(progress: Progress, event: ValidationEvent): void {
  if (event.type === 'validation-again') {
    progress.say(`${stepName(event)}, again: ${event.reason}`);
  } else if (event.type === 'validation-start') {
    progress.observe(timedEvent({ type: 'grade-start', ...asAttempt(event) }));
  } else if (event.type === 'validation-grade') {
    const { report } = event;
    progress.observe(timedEvent({ type: 'grade-end', ...asAttempt(event), report }));
    if (report.resolved !== (event.patch === 'gold'))
      progress.say(`${stepName(event)}: ${event.patch === 'gold' ? 'does not resolve' : 'resolves'}`);
  } else progress.observe(timedEvent(event));
}

const stepName = ({ instanceId, patch, round }: ValidationStep) => `${instanceId}: ${patch} patch, round ${round}`;
const asAttempt = ({ instanceId, patch, round }: ValidationStep) => ({
  instanceId: `${instanceId}, ${patch} patch`,
  attempt: round,
});

export function validationExit(report: ValidationReport): ExitCode {
  if (report.counts.valid === report.instances.length) return 0;
  return report.counts.failed > 0 ? 3 : 1;
}

export function validationText(report: ValidationReport): string {
  const width = Math.max(8, ...report.instances.map((one) => one.instanceId.length));
  const share = (reports: readonly { resolved: boolean }[]) =>
    `${reports.filter((one) => one.resolved).length}/${reports.length}`;
  const rows = report.instances.map((one) => {
    const seconds = `${slowestGold(one).toFixed(1)} s`.padStart(8);
    return `  ${one.instanceId.padEnd(width)}  ${one.status.padEnd(15)} gold ${share(one.gold)}  empty ${share(one.empty)} ${seconds}${noteOn(one)}`;
  });
  const total = (patch: 'gold' | 'empty') => share(report.instances.flatMap((one) => one[patch]));
  return `${rows.join('\n')}\n${report.counts.valid} of ${report.instances.length} valid, ${report.times} time${report.times === 1 ? '' : 's'}: gold resolved ${total('gold')}, unchanged resolved ${total('empty')}\n`;
}

/** Seconds. */
const slowestGold = ({ gold }: InstanceValidation) => Math.max(0, ...gold.map((one) => one.durationMs)) / 1000;

function noteOn(one: InstanceValidation): string {
  if (one.failure !== undefined) return `  ${one.failure.message.split('\n')[0]}`;
  if (one.flakyTests.length > 0) return `  ${one.flakyTests.slice(0, 3).join(', ')}`;
  return slowestGold(one) > one.timeoutSeconds / 2
    ? `  may end as timeout on a busy machine: its tests have ${one.timeoutSeconds} s`
    : '';
}
