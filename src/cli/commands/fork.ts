import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AssayError, type ForkEdit, forkEditSchema } from '../../contracts/index.ts';
import { runReport, runReportText } from '../../report/run-report.ts';
import { continueRun } from '../continue-run.ts';
import { beginFork } from '../derive-run.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';
import { createProgress } from '../progress.ts';
import { RUN_FLAGS, readPrompt } from '../run-flags.ts';
import { BACKEND_FLAGS } from '../sandbox-flags.ts';

export const forkCommand = defineCommand({
  name: 'fork',
  summary: 'go on from a step of an attempt in a run of its own, with another message, prompt or model',
  description:
    'The sandbox is rebuilt by running the recorded commands up to the step again; their replies are not paid again. With --edit the last message is another one: a JSON file with ' +
    '"observed" (what the model is told after the step), or with "said" and "input" (what it said in the step and the input of its call, which is then run anew).',
  arguments: [
    { name: 'run', help: 'folder or id of the run', count: 'one' },
    { name: 'instance', help: 'id of the instance', count: 'one' },
  ],
  flags: {
    step: { kind: 'integer', min: 0, placeholder: 'n', help: 'last step that is kept; 0 keeps nothing but the task' },
    attempt: { kind: 'integer', min: 1, default: 1, placeholder: 'n', help: 'which attempt at the instance' },
    edit: { kind: 'string', placeholder: 'file', help: 'JSON file that says what to change in that step' },
    model: { kind: 'string', short: 'm', help: 'go on with this model' },
    prompt: { kind: 'string', placeholder: 'file', help: 'go on with this prompt template' },
    runId: { kind: 'string', placeholder: 'id', help: 'name of the new run (default: time and a random part)' },
    runsDir: RUN_FLAGS.runsDir,
    budget: RUN_FLAGS.budget,
    tier: BACKEND_FLAGS.tier,
  },
  examples: ['assay fork runs/A task-1 --step 7 --model openai/gpt-5', 'assay fork A task-1 --step 7 --edit edit.json'],
  async run({ args: [run, instanceId = ''], flags }) {
    if (flags.step === undefined) {
      throw new AssayError('usage', 'a fork needs the last step that is kept: --step', {
        class: 'input',
        retryable: false,
      });
    }
    const { dir: source } = await findRun(run, flags.runsDir);
    const { dir } = await beginFork({
      source,
      runsDir: resolve(flags.runsDir),
      ref: { instanceId, attempt: flags.attempt },
      step: flags.step,
      edit: flags.edit === undefined ? {} : await readEdit(flags.edit),
      model: flags.model,
      prompt: flags.prompt === undefined ? undefined : await readPrompt(flags.prompt),
      runId: flags.runId,
    });
    const options = { jobs: 1, tier: flags.tier, budgetUsd: flags.budget };
    const { record, exitCode } = await continueRun(dir, options, createProgress({ quiet: flags.quiet }));
    const report = runReport(record);
    print(flags.json, { ...report, dir, failure: record.failure ?? null }, `${runReportText(report)}files: ${dir}\n`);
    return exitCode;
  },
});

async function readEdit(path: string): Promise<ForkEdit> {
  try {
    return forkEditSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new AssayError('config-invalid', `${path} is no edit of a step: ${(cause as Error).message}`, {
      class: 'input',
      retryable: false,
      hint: 'It is a JSON object with observed, or with said and input.',
      cause,
    });
  }
}
