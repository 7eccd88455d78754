import { resolve } from 'node:path';
import { AssayError } from '../../contracts/index.ts';
import { isSwebenchReference, loadSplit } from '../../swebench/dataset/load-instances.ts';
import type { EvaluationSummary } from '../../swebench/evaluation/evaluate-predictions.ts';
import { loadPredictions } from '../../swebench/predictions/load-predictions.ts';
import { openEngine } from '../compose.ts';
import { defineCommand } from '../flag.ts';
import { interruptible, withInterrupt } from '../interrupt.ts';
import { print } from '../output.ts';
import { BACKEND_FLAGS } from '../sandbox-flags.ts';
import { CACHE_FLAGS, datasetCache, gradePredictions, REPOSITORIES, REPOSITORY_IMAGE } from '../swebench-grading.ts';

export const gradeCommand = defineCommand({
  name: 'grade',
  summary: 'grade a predictions file on a SWE-bench data set',
  description:
    'Writes the files of the SWE-bench harness at the same places. Command lines of that harness, old and new, are understood. Without --compat verdicts are strict: tests and runner configuration that a patch touched are put back, and a pass needs evidence that it ran.',
  arguments: [
    {
      name: 'dataset',
      help: 'verified, lite, full, multilingual, multimodal, owner/name, a file or a folder',
      count: 'optional',
    },
  ],
  flags: {
    predictions: { kind: 'string', short: 'p', placeholder: 'file', help: '.json or .jsonl, or "gold"' },
    gold: { kind: 'boolean', help: 'grade the gold patches' },
    split: { kind: 'string', short: 's', default: 'test', placeholder: 'name', help: 'split of the data set' },
    instanceIds: { kind: 'strings', short: 'i', placeholder: 'id', help: 'only these instances' },
    jobs: { kind: 'integer', short: 'j', default: 4, placeholder: 'n', help: 'instances at a time' },
    timeout: {
      kind: 'integer',
      short: 't',
      min: 1,
      max: 2_000_000,
      default: 1800,
      placeholder: 's',
      help: 'seconds for one script',
    },
    runId: { kind: 'string', default: 'run', placeholder: 'name', help: 'name of the run' },
    reportDir: { kind: 'string', default: '.', placeholder: 'folder', help: 'where the report goes' },
    logsDir: { kind: 'string', default: '.', placeholder: 'folder', help: 'where logs/run_evaluation goes' },
    repos: REPOSITORIES,
    compat: { kind: 'string', choices: ['4', '5'], help: 'rules of harness 2-4 or 5, and verdicts not strict' },
    strict: { kind: 'boolean', help: 'strict verdicts also with --compat' },
    network: { kind: 'string', choices: ['none', 'host'], help: 'of the tests; host with --compat, else none' },
    ...BACKEND_FLAGS,
    image: REPOSITORY_IMAGE,
    ...CACHE_FLAGS,
    rewriteReports: { kind: 'boolean', help: 'not here: assay regrade does it' },
    modal: { kind: 'boolean', help: 'not supported' },
    taskRepo: { kind: 'string', placeholder: 'folder', help: 'not supported' },
  },
  examples: [
    'assay grade verified -p predictions.jsonl --repos ~/repositories -j 4',
    'assay grade --dataset_name princeton-nlp/SWE-bench_Lite --predictions_path gold --max_workers 4 --run_id check',
  ],
  async run({ args, flags }) {
    refuse(flags);
    const engine = await openEngine(flags);
    const say = (line: string) => {
      if (!flags.quiet) process.stderr.write(`${line}\n`);
    };
    const { control, interrupted, dispose } = interruptible(say);
    try {
      const { name, instanceIds } = await datasetAmong(args[0], flags.instanceIds, flags.split);
      const path = flags.gold ? 'gold' : (flags.predictions ?? '');
      const { instances, splitIds } = await withInterrupt((signal) =>
        loadSplit(name, {
          split: flags.split,
          cache: datasetCache(engine),
          instanceIds,
          // Harness 2-4 counts the gold patches of the whole split as submitted, also with --instance_ids.
          wholeSplit: path === 'gold' && flags.compat === '4',
          signal,
        }),
      );
      const predictions = await loadPredictions(path, instances);
      const summary = await gradePredictions(engine, {
        instances,
        splitIds,
        predictions,
        instanceIds,
        runId: flags.runId,
        root: resolve(flags.logsDir),
        reportDir: resolve(flags.reportDir),
        dataset: { name, split: flags.split },
        jobs: Math.max(1, flags.jobs),
        repos: flags.repos,
        image: flags.image,
        cacheLevel: flags.cacheLevel,
        clean: flags.clean,
        compat: flags.compat === '4' ? 4 : 5,
        strict: flags.strict || flags.compat === undefined,
        network: flags.network === 'host' || flags.network === 'none' ? flags.network : undefined,
        timeoutSeconds: flags.timeout,
        pausing: () => control.pausing,
        signal: control.signal,
        say,
      });
      print(flags.json, jsonSummary(summary), summaryText(summary));
      if (interrupted()) return 130;
      return summary.results.some((one) => one.outcome === 'failed') ? 3 : 0;
    } finally {
      dispose();
      await engine.close();
    }
  },
});

function refuse(flags: {
  predictions: string | undefined;
  gold: boolean;
  modal: boolean;
  taskRepo: string | undefined;
  rewriteReports: boolean;
}): void {
  const problem = flags.modal
    ? 'Modal is not supported; sandboxes run on this machine'
    : flags.taskRepo !== undefined
      ? 'repositories of tasks (--task-repo) are not supported; give a data set with eval_script and log_parser in its rows'
      : flags.rewriteReports
        ? 'reports are written anew from logs by `assay regrade`'
        : flags.gold === (flags.predictions !== undefined)
          ? 'give exactly one of --gold and --predictions'
          : undefined;
  if (problem !== undefined) throw new AssayError('usage', problem, { class: 'input', retryable: false });
}

/** `-i A -i B verified`: a list of ids takes all words behind it, so a data set that stands last is found among them. Without any, Lite. */
async function datasetAmong(named: string | undefined, ids: readonly string[], split: string) {
  const last = ids.at(-1);
  if (named === undefined && last !== undefined && (await isSwebenchReference(last, split)))
    return { name: last, instanceIds: ids.slice(0, -1) };
  return { name: named ?? 'lite', instanceIds: ids };
}

function jsonSummary({ report, reportPath, results, records }: EvaluationSummary) {
  return {
    report: Object.fromEntries(
      Object.entries(report).map(([key, value]) => [key, value instanceof Map ? Object.fromEntries(value) : value]),
    ),
    reportPath,
    results,
    instances: records,
  };
}

function summaryText({ report, reportPath, records, results }: EvaluationSummary): string {
  const differing = records.filter((one) => one.verdict_strict !== null && one.verdict_strict !== one.verdict_compat);
  const failed = results.filter((one) => one.outcome === 'failed');
  const lines = [
    `Total instances: ${report.total_instances}`,
    `Instances submitted: ${report.submitted_instances}`,
    `Instances completed: ${report.completed_instances}`,
    `Instances resolved: ${report.resolved_instances}`,
    `Instances unresolved: ${report.unresolved_instances}`,
    `Instances with empty patches: ${report.empty_patch_instances}`,
    `Instances with errors: ${report.error_instances}`,
    ...differing.map(
      (one) =>
        `${one.instanceId}: compatible verdict ${one.verdict_compat}, strict ${one.verdict_strict}: ${one.reason ?? ''}`,
    ),
    ...failed.map((one) => `${one.instanceId}: not graded: ${one.failure?.message ?? ''}`),
    ...new Set(failed.flatMap((one) => one.failure?.hint ?? [])),
    `Report: ${reportPath}`,
  ];
  return `${lines.join('\n')}\n`;
}
