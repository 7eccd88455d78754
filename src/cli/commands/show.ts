import { join } from 'node:path';
import { trajectoryText } from '../../agent/trajectory-text.ts';
import {
  AssayError,
  type AttemptRecord,
  type GradeReport,
  type RunEvent,
  type SandboxReceipt,
} from '../../contracts/index.ts';
import { runReport, runReportText } from '../../report/run-report.ts';
import { fileRunStore } from '../../store/file-run-store.ts';
import { instanceFolder } from '../../store/run-folder.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';

export const showCommand = defineCommand({
  name: 'show',
  summary: 'a run, an instance, or a trajectory as THOUGHT / ACTION / OBSERVATION',
  description:
    'Without arguments the newest run. With an instance: its attempts, and the trajectory of one of them. `assay show INSTANCE` looks in the newest run.',
  arguments: [
    { name: 'run', help: 'folder or id of a run', count: 'optional' },
    { name: 'instance', help: 'instance id', count: 'optional' },
  ],
  flags: {
    runsDir: { kind: 'string', default: 'runs', placeholder: 'folder', help: 'folder of the run folders' },
    attempt: { kind: 'integer', min: 1, default: 1, placeholder: 'n', help: 'which attempt' },
    lines: { kind: 'integer', min: 2, default: 60, placeholder: 'n', help: 'lines of each observation' },
    brief: { kind: 'boolean', help: 'an instance without its trajectory' },
  },
  examples: ['assay show', 'assay show runs/20260131-140509-k3f9x2 shelf-short-pages --attempt 2'],
  async run({ args, flags }) {
    const { runsDir, runId, dir, instance } = await parseTarget(args, flags.runsDir);
    const store = fileRunStore(runsDir);
    const record = await store.load(runId);
    if (instance === undefined) {
      const report = runReport(record);
      print(flags.json, { ...report, dir }, `${runReportText(report)}files: ${dir}\n`);
      return 0;
    }
    const attempts = record.attempts.filter((one) => one.instanceId === instance);
    if (attempts.length === 0)
      throw new AssayError('instance-not-found', `run ${runId} has no instance ${instance}`, {
        class: 'input',
        retryable: false,
      });
    const events: RunEvent[] = [];
    for await (const event of store.events(runId, { instanceId: instance, attempt: flags.attempt })) events.push(event);
    const head = attempts
      .map((one) => attemptText(one, join(dir, 'attempts', instanceFolder(instance), String(one.attempt))))
      .join('\n');
    const trajectory = flags.brief ? '' : `\n${trajectoryText(events, { maxLines: flags.lines })}`;
    const ended = attempts.find((one) => one.attempt === flags.attempt)?.outcome != null;
    const cut = ended && !events.some((event) => event.type === 'attempt-end');
    if (cut)
      process.stderr.write(
        `warning: the log of ${instance}, attempt ${flags.attempt}, is cut or missing: events at its end are lost\n`,
      );
    print(flags.json, { attempts, events: flags.brief ? undefined : events }, `${head}\n${trajectory}`);
    return 0;
  },
});

/** One argument may be a run or an instance of the newest run. */
async function parseTarget(args: readonly string[], runsDir: string) {
  const [first, second] = args;
  if (first !== undefined && second === undefined) {
    const asRun = await findRun(first, runsDir).catch((error: unknown) => {
      if (error instanceof AssayError && error.code === 'run-not-found') return undefined;
      throw error;
    });
    if (asRun !== undefined) return { ...asRun, instance: undefined };
    const newest = await findRun(undefined, runsDir);
    const record = await fileRunStore(newest.runsDir).load(newest.runId);
    if (record.attempts.some((one) => one.instanceId === first)) return { ...newest, instance: first };
  }
  return { ...(await findRun(first, runsDir)), instance: second };
}

function attemptText(one: AttemptRecord, folder: string): string {
  const { report, outcome, totals } = one;
  const failing =
    report === null
      ? []
      : [
          ...report.failToPass.failure.map((id) => `  not passing (must pass now): ${id}`),
          ...report.passToPass.failure.map((id) => `  not passing (passed before): ${id}`),
        ];
  return [
    `${one.instanceId} attempt ${one.attempt}: ${report?.verdict ?? one.state}; agent ${outcome?.status ?? 'not finished'}${outcome?.failure === undefined ? '' : ` (${outcome.failure.code}: ${outcome.failure.message})`}, ${totals?.steps ?? 0} steps, patch of ${one.patchBytes} bytes`,
    ...failing.slice(0, 20),
    ...(failing.length > 20 ? [`  ... and ${failing.length - 20} more`] : []),
    ...((report?.restoredFiles.length ?? 0) > 0
      ? [`  put back before grading: ${report?.restoredFiles.join(', ')}`]
      : []),
    ...(one.sandboxUsage === undefined ? [] : [`  sandbox: ${usageText(one.sandboxUsage)}`]),
    ...(report === null ? [] : browserLines(report, folder)),
    `  files: ${folder}/{patch.diff,eval.sh,test_output.txt,report.json,events.jsonl}`,
  ].join('\n');
}

/** Of tests in a browser: which try passed, and where their screenshots and traces lie. */
function browserLines({ tries, passedOnTry, artifacts = [] }: GradeReport, folder: string): string[] {
  const passed = passedOnTry == null ? 'none of them passed' : `passed on try ${passedOnTry}`;
  return [
    ...(tries === undefined ? [] : [`  runs of the tests: ${tries}, ${passed}`]),
    ...artifacts.map((name) => `  left by the tests: ${folder}/artifacts/${name}`),
  ];
}

/** Only what was measured. */
function usageText(usage: SandboxReceipt): string {
  const megabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(0)} MB`;
  const { peakMemoryBytes, cpuSeconds, oomKills, throttledSeconds, writtenBytes, waitMs } = usage;
  const parts = [
    ...(peakMemoryBytes === null ? [] : [`${megabytes(peakMemoryBytes)} of memory at most`]),
    ...(cpuSeconds === null ? [] : [`${cpuSeconds.toFixed(1)} s of CPU`]),
    ...(writtenBytes === null ? [] : [`${megabytes(writtenBytes)} in files`]),
    ...((throttledSeconds ?? 0) >= 0.1 ? [`held back by its CPU limit for ${throttledSeconds?.toFixed(1)} s`] : []),
    ...((waitMs ?? 0) >= 1000 ? [`${((waitMs ?? 0) / 1000).toFixed(1)} s until it was there`] : []),
    ...((oomKills ?? 0) > 0 ? [`${oomKills} programs killed for want of memory`] : []),
  ];
  return parts.length === 0 ? 'nothing was measured' : parts.join(', ');
}
