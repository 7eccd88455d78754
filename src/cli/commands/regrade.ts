import { resolve } from 'node:path';
import { assayPaths } from '../../base/paths.ts';
import { loadInstances } from '../../swebench/dataset/load-instances.ts';
import { regradeEarlyLogs } from '../../swebench/evaluation/regrade-early-logs.ts';
import { regradeRun } from '../../swebench/evaluation/regrade-run.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';
import { datasetCache } from '../swebench-grading.ts';

export const regradeCommand = defineCommand({
  name: 'regrade',
  summary: 'SWE-bench reports anew from saved logs',
  description:
    'Reads logs/run_evaluation/RUN of any model, also of the SWE-bench harness itself, and writes report.json of each instance and the report of the run. Nothing is run. A strict refusal stays one.',
  arguments: [{ name: 'dataset', help: 'as for assay grade', count: 'one' }],
  flags: {
    runId: { kind: 'string', default: 'run', placeholder: 'name', help: 'name of the run' },
    model: { kind: 'string', short: 'm', placeholder: 'name', help: 'only this model' },
    split: { kind: 'string', short: 's', default: 'test', placeholder: 'name', help: 'split of the data set' },
    instanceIds: { kind: 'strings', short: 'i', placeholder: 'id', help: 'only these instances' },
    compat: { kind: 'string', choices: ['4', '5'], default: '5', help: 'rules of harness 2-4 or 5' },
    evalLogs: {
      kind: 'string',
      placeholder: 'folder',
      help: 'logs of harness 1 (INSTANCE.MODEL.eval.log), by the rules of early 2024',
    },
    logsDir: { kind: 'string', default: '.', placeholder: 'folder', help: 'holds logs/run_evaluation' },
    reportDir: { kind: 'string', default: '.', placeholder: 'folder', help: 'where the reports go' },
  },
  examples: ['assay regrade verified --run-id run', 'assay regrade lite --run-id old --model gold --compat 4'],
  async run({ args, flags }) {
    const cache = datasetCache({ paths: assayPaths() });
    const instances = await loadInstances(args[0] ?? '', {
      split: flags.split,
      instanceIds: flags.instanceIds,
      cache,
    });
    const input = {
      instances,
      runId: flags.runId,
      reportDir: resolve(flags.reportDir),
      model: flags.model,
    };
    const models =
      flags.evalLogs === undefined
        ? await regradeRun({ ...input, root: resolve(flags.logsDir), compat: flags.compat === '4' ? 4 : 5 })
        : await regradeEarlyLogs(resolve(flags.evalLogs), input);
    const lines = models.flatMap(({ model, report, reportPath, unreadable }) => [
      ...unreadable.map(({ instanceId, reason }) => `${model}: ${instanceId}: ${reason}\n`),
      `${model}: ${report.resolved_instances} of ${report.submitted_instances} resolved, ${report.error_instances} errors; ${reportPath}\n`,
    ]);
    const document = models.map(({ model, report, reportPath, unreadable }) => ({
      model,
      reportPath,
      submitted: report.submitted_instances,
      resolved: report.resolved_instances,
      errors: report.error_instances,
      unreadable,
    }));
    print(flags.json, document, lines.join(''));
    return 0;
  },
});
