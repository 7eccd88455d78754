/** The work on an open run, however it was opened: agents, grading, critic and dollars put together, until it is done or interrupted. */
import type { OpenRun, RunRecord } from '../contracts/index.ts';
import { overlapWarning, type TrainingOverlap, trainingOverlap } from '../critic/training-overlap.ts';
import { runAll } from '../run/run-all.ts';
import type { RunControl } from '../run/run-control.ts';
import type { ShareOptions } from '../run/shared-work.ts';
import { type Engine, openAgent, openRunModel, runPorts } from './compose.ts';
import type { ExitCode } from './flag.ts';
import { interruptible } from './interrupt.ts';
import { publishSpending, sharedBudget } from './join-run.ts';
import type { ModelSettings } from './model-settings.ts';
import { openLiveCritic } from './open-critic.ts';
import type { TaskSet } from './open-task-set.ts';
import type { Progress } from './progress.ts';

export interface RunOutcome {
  record: RunRecord;
  exitCode: ExitCode;
  /** What the critic of the run had seen of its tasks before; null for nothing, or without a critic. */
  trainedOnThese: TrainingOverlap | null;
}

export interface OpenWork {
  tasks: TaskSet;
  settings: ModelSettings;
  prompt?: string | undefined;
  jobs: number;
  /** Closed at the end. */
  run: OpenRun;
  engine: Engine;
  share?: ShareOptions | undefined;
  control?: RunControl | undefined;
}

/** Closes the run. */
export async function workOnRun(open: OpenWork, progress: Progress): Promise<RunOutcome> {
  const { run, engine, tasks, settings, prompt, jobs, share } = open;
  const { control, dispose } =
    open.control === undefined ? interruptible(progress.say) : { control: open.control, dispose: () => {} };
  const budget = share === undefined ? undefined : sharedBudget(run, share, settings.budgetUsd, control.signal);
  const critic = settings.critic === undefined ? undefined : await openLiveCritic(settings.critic);
  const trainedOnThese = critic === undefined ? null : trainingOverlap(critic, [run.manifest]);
  if (critic !== undefined && trainedOnThese !== null)
    process.stderr.write(`warning: ${overlapWarning(critic.name, trainedOnThese)}\n`);
  try {
    const before = (await run.record()).attempts.reduce((sum, one) => sum + (one.totals?.usd ?? 0), 0);
    const openNow = () => openRunModel(settings, run.dir, budget ?? before);
    const ports = runPorts(
      { ...engine, gradePorts: tasks.portsOf(engine) },
      run.manifest,
      settings,
      openAgent(settings, prompt),
      openNow,
      critic,
    );
    const { untilScore } = settings;
    const { observe } = progress;
    const { instances } = tasks.dataset;
    const record = await runAll({ run, instances, ports, jobs, control, untilScore, observe, share });
    if (budget !== undefined) await publishSpending(budget, control);
    progress.stop();
    if (record.status === 'interrupted') process.stderr.write(`interrupted; go on with: assay resume ${run.dir}\n`);
    return { record, exitCode: exitCodeOf(record), trainedOnThese };
  } finally {
    progress.stop();
    dispose();
    await critic?.close();
    await run.close();
  }
}

function exitCodeOf(record: RunRecord): ExitCode {
  if (record.status === 'interrupted') return 130;
  const measured = record.attempts.every((attempt) => attempt.state !== 'failed');
  return record.status === 'completed' && measured ? 0 : 3;
}
