import { resolve } from 'node:path';
import { AssayError, type RunRecord, verdictSchema } from '../../contracts/index.ts';
import { instancePattern } from '../../dataset/filter-instances.ts';
import { loadRunRecord } from '../../store/load-run-record.ts';
import { continueRun } from '../continue-run.ts';
import { beginRequeue } from '../derive-run.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { createProgress } from '../progress.ts';
import { ATTEMPTS, FILTER_FLAGS, RUN_FLAGS } from '../run-flags.ts';
import { printRun } from '../run-output.ts';
import { BACKEND_FLAGS } from '../sandbox-flags.ts';

export const requeueCommand = defineCommand({
  name: 'requeue',
  summary: 'attempt instances of a run again in a run of its own, with the same model, prompt and limits',
  description:
    'Without a choice: all instances that no attempt resolved. The verdicts of the old run stay what they are: a rate over instances that were chosen by their verdict is no rate of the agent.',
  arguments: [{ name: 'run', help: 'folder or id of the run (default: the newest)', count: 'optional' }],
  flags: {
    instance: FILTER_FLAGS.instance,
    verdict: { kind: 'strings', help: `only instances with such a verdict: ${verdictSchema.options.join(', ')}` },
    attempts: ATTEMPTS,
    ...RUN_FLAGS,
    tier: BACKEND_FLAGS.tier,
    runId: { kind: 'string', placeholder: 'id', help: 'name of the new run (default: time and a random part)' },
  },
  examples: [
    'assay requeue runs/A',
    'assay requeue A --verdict timeout --verdict crashed',
    'assay requeue A -i task-1',
  ],
  async run({ args, flags }) {
    const source = await loadRunRecord((await findRun(args[0], flags.runsDir)).dir);
    const { dir } = await beginRequeue({
      source,
      runsDir: resolve(flags.runsDir),
      instanceIds: chosenInstances(source, flags),
      attempts: flags.attempts,
      runId: flags.runId,
    });
    const options = { jobs: flags.jobs, tier: flags.tier, budgetUsd: flags.budget };
    const outcome = await continueRun(dir, options, createProgress({ quiet: flags.quiet }));
    printRun(flags.json, outcome);
    return outcome.exitCode;
  },
});

/** Throws `instance-not-found` when nothing is chosen, `usage` for a verdict that there is not. */
function chosenInstances({ manifest, attempts }: RunRecord, flags: { instance: string[]; verdict: string[] }) {
  const patterns = flags.instance.map(instancePattern);
  const verdicts = new Set(flags.verdict.map(checkedVerdict));
  const resolved = new Set(attempts.filter((one) => one.report?.resolved === true).map((one) => one.instanceId));
  const chosen = attempts.filter(({ instanceId, report }) => {
    if (patterns.length > 0 && !patterns.some((matches) => matches(instanceId))) return false;
    if (verdicts.size > 0) return report !== null && verdicts.has(report.verdict);
    return patterns.length > 0 || !resolved.has(instanceId);
  });
  if (chosen.length > 0) return new Set(chosen.map((one) => one.instanceId));
  throw new AssayError('instance-not-found', `nothing of run ${manifest.runId} is to be attempted again`, {
    class: 'input',
    retryable: false,
    hint: 'Choose instances with -i, whatever their verdict.',
  });
}

function checkedVerdict(text: string): string {
  if (verdictSchema.safeParse(text).success) return text;
  throw new AssayError('usage', `${text} is no verdict`, {
    class: 'input',
    retryable: false,
    hint: `There are: ${verdictSchema.options.join(', ')}.`,
  });
}
