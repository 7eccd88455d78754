import { continueRun } from '../continue-run.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { createProgress } from '../progress.ts';
import { RUN_FLAGS } from '../run-flags.ts';
import { printRun } from '../run-output.ts';
import { BACKEND_FLAGS } from '../sandbox-flags.ts';

export const resumeCommand = defineCommand({
  name: 'resume',
  summary: 'go on with a run that was stopped or killed; nothing finished is done again, nothing paid is paid again',
  arguments: [{ name: 'run', help: 'folder or id of the run (default: the newest)', count: 'optional' }],
  flags: {
    ...RUN_FLAGS,
    jobs: {
      kind: 'integer',
      short: 'j',
      min: 1,
      placeholder: 'n',
      help: 'attempts at a time (default: as the run began)',
    },
    tier: BACKEND_FLAGS.tier,
  },
  examples: ['assay resume', 'assay resume runs/20260131-140509-k3f9x2 --budget 10'],
  async run({ args, flags }) {
    const { dir } = await findRun(args[0], flags.runsDir);
    const outcome = await continueRun(
      dir,
      { jobs: flags.jobs, tier: flags.tier, budgetUsd: flags.budget },
      createProgress({ quiet: flags.quiet }),
    );
    printRun(flags.json, outcome);
    return outcome.exitCode;
  },
});
