/** Runs what is left of a run: all of it when it is new, the rest when it is resumed. */
import {
  AssayError,
  type AttemptRef,
  type Failure,
  type Model,
  type OpenRun,
  type RunEvent,
  type RunRecord,
  type TaskInstance,
  toFailure,
} from '../contracts/index.ts';
import { Admission } from './admission.ts';
import { checkLock } from './check-lock.ts';
import { EarlyStop } from './early-stop.ts';
import { EnvironmentPool } from './environment-pool.ts';
import { stopsRun } from './failure-policy.ts';
import { gradeSolved } from './grade-solved.ts';
import { type PlanOptions, planWork, type WorkItem } from './plan-work.ts';
import type { RunPorts } from './ports.ts';
import { defaultRetryPolicy, Emitter, type RetryPolicy, stopIfHopeless } from './run-context.ts';
import { RunControl, RunStop } from './run-control.ts';
import { SharedWork, type ShareOptions } from './shared-work.ts';
import { endWithout, type SolveContext, type SolveInput, solveAttempt } from './solve-attempt.ts';
import { WorkQueue } from './work-queue.ts';
import type { WorkSource } from './work-source.ts';

export interface RunOptions extends PlanOptions {
  /** From `createRun` or `openRun`; stays open, the caller closes it. */
  run: OpenRun;
  /** At least the instances of the manifest. */
  instances: readonly TaskInstance[];
  ports: RunPorts;
  /** Attempts at a time. */
  jobs: number;
  /** Environment builds at a time. Default: as many as `jobs`, at most 4. */
  buildJobs?: number;
  control?: RunControl;
  policy?: RetryPolicy;
  /** No further attempts are begun at an instance once the critic of the ports gives a solved one at least this. Not in a shared run. */
  untilScore?: number | undefined;
  /** The run is shared with other processes through a store. */
  share?: ShareOptions | undefined;
  /** Sees every event after it is durable, and `environment-delta` lines, which are not kept. Must not throw. */
  observe?: (event: RunEvent) => void;
}

/**
 * Solves and grades every attempt that has no verdict yet and returns the record. Failures of attempts are data in it; a run that stopped as a
 * whole has `status` `failed` with a `failure`, a paused one `interrupted`. Throws `config-invalid` before anything begins when a locked input has changed,
 * and `disk-full`, `io` or `store-invalid` when the run folder cannot be written or read.
 */
export async function runAll(options: RunOptions): Promise<RunRecord> {
  const { run, ports } = options;
  const { runId } = run.manifest;
  checkLock(run.manifest, { instances: options.instances, agent: ports.agent });
  const stop = new RunStop(options.control ?? new RunControl());
  const emitter = new Emitter(run, stop, options.observe ?? (() => {}));
  let shared: SharedWork | undefined;
  try {
    const { share } = options;
    shared = share === undefined ? undefined : await SharedWork.open({ run, share, emitter, stop });
    const work = shared === undefined ? planWork(await run.record(), options) : shared.left();
    if (run.isNew) await emitter.emit({ type: 'run-start', runId, attemptsPlanned: work.length });
    else await emitter.emit({ type: 'run-resume', runId, attemptsLeft: work.length });
    const problems: Failure[] = [];
    const left = await runWork(options, { work, shared }, stop, emitter, problems);
    await shared?.close();
    if (stop.storeError !== null) throw stop.storeError;
    await emitter.emit({ type: 'run-end', runId, ...ending(stop, left, problems) });
    return await run.record();
  } finally {
    await shared?.close();
    stop.dispose();
  }
}

/** `problems`: why patches that wait for their verdict could not be graded. */
function ending(
  stop: RunStop,
  left: number,
  problems: readonly Failure[],
): { status: 'completed' | 'interrupted' | 'failed'; failure?: Failure } {
  if (stop.failure !== null) return { status: 'failed', failure: stop.failure };
  const [first] = problems;
  if (first !== undefined && left > 0 && !stop.control.pausing) {
    const message = `${problems.length === 1 ? 'One attempt has' : `${problems.length} attempts have`} a patch and no verdict: ${first.message}`;
    return { status: 'failed', failure: { ...first, message } };
  }
  return { status: left === 0 ? 'completed' : 'interrupted' };
}

function earlyStop({ run, ports, untilScore }: RunOptions, emitter: Emitter, stop: RunStop): EarlyStop | undefined {
  if (untilScore === undefined || ports.critic === undefined) return undefined;
  const pausing = new AbortController();
  stop.control.onPause(() => pausing.abort());
  return new EarlyStop({ run, critic: ports.critic, score: untilScore, emitter, signal: pausing.signal });
}

/** Returns how many attempts are left without an end. */
async function runWork(
  options: RunOptions,
  { work, shared }: { work: WorkItem[]; shared: SharedWork | undefined },
  stop: RunStop,
  emitter: Emitter,
  problems: Failure[],
): Promise<number> {
  if (work.length === 0) return 0;
  let model: Model | null = null;
  try {
    model = await openModelFor(options, work);
  } catch (error) {
    stop.fail(toFailure(error));
    return work.length;
  }
  const instances = new Map(options.instances.map((one) => [one.instanceId, one]));
  const inOrder = work.flatMap(({ instanceId }) => instances.get(instanceId) ?? []);
  const policy = options.policy ?? defaultRetryPolicy;
  const environments = new EnvironmentPool({
    builder: options.ports.environments,
    instances: shared === undefined ? inOrder : [],
    jobs: options.buildJobs ?? Math.min(options.jobs, 4),
    policy,
    control: stop.control,
    emit: (event) => emitter.emit(event),
    show: (event) => emitter.show(event),
  });
  const queue = new WorkQueue(shared === undefined ? work : [], environments, stop.control);
  const source = shared?.source(environments, instances) ?? queue;
  let left = work.length;
  const context = { run: options.run, ports: options.ports, model, stop, emitter, policy, problems };
  const enough = earlyStop(options, emitter, stop);
  const admission = new Admission({
    shortage: options.ports.hostShortage ?? (async () => undefined),
    onWait: (reason) =>
      emitter.emit({ type: 'note', level: 'info', message: `Nothing new is started for now: ${reason}.` }),
    stopped: () => stop.control.pausing,
  });
  const finish = async (next: NextWork, instance: TaskInstance) => {
    if (shared === undefined) return await finishItem(context, next, instance);
    const hooks = {
      solved: (ref: AttemptRef) => shared.solved(ref),
      stepped: (ref: AttemptRef) => shared.stepped(ref),
    };
    return await shared.attend(next.item, (own) => finishItem({ ...context, ...hooks, stop: own }, next, instance));
  };
  const worker = async () => {
    for (let next = await source.next(); next !== null; next = await source.next()) {
      const instance = instances.get(next.item.instanceId);
      if (instance === undefined) continue;
      const item = next;
      if (!(await admission.run(() => finish(item, instance)))) continue;
      left--;
      if (enough === undefined || !(await enough.isSure(item.item))) continue;
      const skipped = await enough.skipRest(item.item.instanceId, queue);
      left -= skipped; // not in one line with the wait: other workers count down meanwhile
    }
  };
  const { attempts } = await options.run.record();
  left -= (await enough?.catchUp(attempts, queue)) ?? 0;
  environments.start();
  await Promise.all(Array.from({ length: Math.max(1, Math.min(options.jobs, work.length)) }, worker));
  await environments.finished().catch((error: unknown) => stop.breakOff(error));
  if (shared !== undefined) left = shared.left().length; // others have ended some of them
  await closeModel(model, left === 0, stop, emitter);
  return left;
}

async function openModelFor(options: RunOptions, work: readonly WorkItem[]): Promise<Model | null> {
  if (work.every((item) => item.stage === 'grade')) return null;
  const model = await options.ports.openModel();
  try {
    checkLock(options.run.manifest, { instances: options.instances, agent: options.ports.agent, model });
  } catch (error) {
    await model.close();
    throw error;
  }
  return model;
}

type NextWork = NonNullable<Awaited<ReturnType<WorkSource['next']>>>;

interface Context extends Omit<SolveContext, 'model'> {
  model: Model | null;
  problems: Failure[];
  /** Called when the patch of an attempt is durable, before it is graded. */
  solved?: (ref: AttemptRef) => Promise<void>;
}

/** Takes one attempt as far as it goes; true when it has an end. What goes wrong with it stays its own. */
async function finishItem(context: Context, next: NextWork, instance: TaskInstance): Promise<boolean> {
  const { stop } = context;
  const { instanceId, attempt } = next.item;
  const ref = { instanceId, attempt };
  try {
    if (next.result.failure !== undefined) {
      if (await stopIfHopeless(next.result.failure, stop, context.ports)) return false;
      // A patch that waits for its verdict is not given up because the environment cannot be built today.
      if (next.item.stage === 'grade') {
        context.problems.push(next.result.failure);
        await context.emitter.note(ref, 'error', `Not graded: ${next.result.failure.message}`);
      } else await endWithout(context, ref, next.result.failure);
      return next.item.stage === 'solve';
    }
    return await solveAndGrade(context, next.item, { ref, instance, environment: next.result.environment });
  } catch (error) {
    if (stop.storeError !== null) return false;
    return await failItem(context, ref, error);
  }
}

async function solveAndGrade(context: Context, item: WorkItem, input: SolveInput): Promise<boolean> {
  if (item.stage === 'solve') {
    if (context.model === null) throw new AssayError('internal', 'no model is open', { class: 'infra' });
    const result = await solveAttempt({ ...context, model: context.model }, input);
    if (result !== 'solved') return result === 'failed';
    await context.solved?.(input.ref);
    if (context.stop.control.pausing) return false;
  }
  return await gradeSolved(context, input);
}

/** Something nobody foresaw, or a damaged log: the attempt ends with it, unless it concerns the whole run. */
async function failItem(context: Context, ref: SolveInput['ref'], error: unknown): Promise<boolean> {
  const failure = toFailure(error);
  if (stopsRun(failure)) {
    context.stop.fail(failure);
    return false;
  }
  try {
    await context.emitter.note(ref, 'error', `${failure.code}: ${failure.message}`);
    const { record } = await context.run.history(ref);
    if (record?.state === 'solved-ungraded') context.problems.push(failure);
    else await endWithout(context, ref, failure);
    return record?.state !== 'solved-ungraded';
  } catch (second) {
    // Its log cannot be read or written either.
    context.stop.fail(toFailure(second));
    return false;
  }
}

/** A scripted model complains about steps that are left over: it counts when all attempts have ended. */
async function closeModel(model: Model | null, allEnded: boolean, stop: RunStop, emitter: Emitter): Promise<void> {
  try {
    await model?.close();
  } catch (error) {
    const failure = toFailure(error);
    if (allEnded) stop.fail(failure);
    else if (stop.storeError === null) {
      await emitter.emit({ type: 'note', level: 'info', message: `${failure.code}: ${failure.message}` });
    }
  }
}
