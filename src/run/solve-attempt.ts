/** One attempt from sandbox to patch: the agent works, its patch is taken and made durable. */
import { sha256 } from '../base/digest.ts';
import {
  type AgentContext,
  type AgentOutcome,
  type AttemptHistory,
  type AttemptRef,
  type BuiltEnvironment,
  type Critic,
  type Failure,
  type Model,
  type OpenRun,
  type Sandbox,
  type SandboxReceipt,
  type TaskInstance,
  toFailure,
} from '../contracts/index.ts';
import { attemptSpec, limitOfEnd, sandboxLimitsFor } from './attempt-sandbox.ts';
import { isGradable, isRetriedHere, stopsRun } from './failure-policy.ts';
import { linkedAbort } from './linked-abort.ts';
import type { RunPorts } from './ports.ts';
import { type Emitter, type RetryPolicy, stopIfHopeless, waitBeforeTry } from './run-context.ts';
import type { RunStop } from './run-control.ts';

export interface SolveContext {
  run: OpenRun;
  ports: RunPorts;
  model: Model;
  stop: RunStop;
  emitter: Emitter;
  policy: RetryPolicy;
  /** Called when a step is durable, before the next one. Must not throw. */
  stepped?: (ref: AttemptRef) => Promise<void>;
}

export interface SolveInput {
  ref: AttemptRef;
  instance: TaskInstance;
  environment: BuiltEnvironment;
}

/** `solved`: ready for grading. `failed`: ended, says nothing about the agent. `paused`: no end yet, a resume goes on with it. */
export type SolveResult = 'solved' | 'failed' | 'paused';

/** What one sandbox brought: an outcome with a patch, an outcome without one, or none at all. */
type TryResult =
  | { kind: 'paused' }
  | { kind: 'ended'; outcome: AgentOutcome; patch: string | null; patchFailure?: Failure; usage?: SandboxReceipt };

/** The agent ends an attempt at its own limits; this much later it is taken to hang. */
const GRACE_MS = 120_000;
const CAPTURE_MS = 180_000;

/**
 * Runs the attempt, again in a fresh sandbox after infrastructure failures (replies that are durable are given to the agent, never asked for
 * again), and makes `attempt-end` durable. Throws only when events cannot be made durable or the log is damaged.
 */
export async function solveAttempt(context: SolveContext, input: SolveInput): Promise<SolveResult> {
  const { emitter, policy, ports, stop } = context;
  for (let tries = 1; ; tries++) {
    const result = await tryOnce(context, input);
    if (stop.storeError !== null) throw stop.storeError;
    if (result.kind === 'paused') return 'paused';
    const failure = blockingFailure(result);
    if (failure !== undefined) {
      // Stopping a run may take sandboxes down with it: that is no failure of the attempt.
      if (stop.control.pausing || (await stopIfHopeless(failure, stop, ports))) return 'paused';
      if (isRetriedHere(failure) && tries <= policy.retries) {
        await emitter.note(input.ref, 'warning', `Begun again in a fresh sandbox: ${failure.code}: ${failure.message}`);
        await waitBeforeTry(policy, tries, stop.control.signal);
        if (stop.control.pausing) return 'paused';
        continue;
      }
    }
    return await conclude(context, input.ref, result);
  }
}

/** Makes the end of an attempt durable that has nothing to be graded. */
export async function endWithout(context: Pick<SolveContext, 'run' | 'emitter'>, ref: AttemptRef, failure: Failure) {
  const { totals } = await context.run.history(ref);
  const outcome: AgentOutcome = { status: 'failed', steps: totals.steps, failure };
  await context.emitter.emit({
    type: 'attempt-end',
    ...ref,
    outcome,
    totals,
    patchDigest: null,
    patchBytes: 0,
    gradable: false,
  });
}

/** The failure that says nothing about the agent, if there is one: in the outcome, or in taking the patch. */
function blockingFailure(result: Extract<TryResult, { kind: 'ended' }>): Failure | undefined {
  const { outcome, patchFailure } = result;
  if (outcome.failure !== undefined && stopsRun(outcome.failure)) return outcome.failure;
  if (outcome.status === 'failed' && !isGradable(outcome.failure)) return outcome.failure;
  return patchFailure?.class === 'infra' ? patchFailure : undefined;
}

async function conclude(
  { run, emitter }: SolveContext,
  ref: AttemptRef,
  result: Extract<TryResult, { kind: 'ended' }>,
): Promise<SolveResult> {
  const { outcome, patch, patchFailure, usage } = result;
  const gradable = blockingFailure(result) === undefined;
  if (patch !== null) await run.writeArtifact(ref, 'patch.diff', patch);
  const { totals } = await run.history(ref);
  await emitter.emit({
    type: 'attempt-end',
    ...ref,
    outcome,
    totals,
    patchDigest: patch === null ? null : sha256(patch),
    patchBytes: patch === null ? 0 : Buffer.byteLength(patch),
    gradable,
    ...(patchFailure === undefined ? {} : { patchFailure }),
    ...(usage === undefined ? {} : { sandboxUsage: usage }),
  });
  return gradable ? 'solved' : 'failed';
}

async function tryOnce(context: SolveContext, input: SolveInput): Promise<TryResult> {
  const { ref, instance, environment } = input;
  const { ports, run } = context;
  const history = await run.history(ref);
  const asked = performance.now();
  let sandbox: Sandbox;
  try {
    const spec = attemptSpec(run.manifest, ref, instance, environment);
    sandbox = await ports.backend.create(spec, context.stop.control.signal);
  } catch (error) {
    if (context.stop.control.signal.aborted) return { kind: 'paused' };
    return failed(history, toFailure(error));
  }
  const begun = performance.now();
  try {
    await announce(context, input, history, sandbox);
    const result = await work(context, input, history, sandbox);
    return result.kind === 'paused' ? result : { ...result, ...(await receipt(sandbox, asked, begun)) };
  } finally {
    await destroyQuietly(context, ref, sandbox);
  }
}

/** What the sandbox used and how long it took; nothing when it is gone. */
async function receipt(sandbox: Sandbox, asked: number, begun: number): Promise<{ usage?: SandboxReceipt }> {
  try {
    const usage = await sandbox.usage();
    return { usage: { ...usage, waitMs: begun - asked, lifeMs: performance.now() - begun } };
  } catch {
    return {}; // a receipt is no reason to lose an attempt
  }
}

/** What a sandbox brought stays valid when it cannot be taken down in order. */
async function destroyQuietly({ emitter }: SolveContext, ref: AttemptRef, sandbox: Sandbox): Promise<void> {
  try {
    await sandbox.destroy();
  } catch (error) {
    const { code, message } = toFailure(error);
    await emitter.note(ref, 'warning', `Sandbox ${sandbox.id} is not taken down in order: ${code}: ${message}`);
  }
}

/** The first sandbox of an attempt is a start, further ones a resume; a resume in a rebuilt environment starts anew, with the steps it has. */
async function announce({ emitter }: SolveContext, input: SolveInput, history: AttemptHistory, sandbox: Sandbox) {
  const { ref, environment } = input;
  const before = history.record?.environmentDigest ?? null;
  if (before === environment.digest) {
    await emitter.emit({ type: 'attempt-resume', ...ref, fromStep: history.recorded.length + 1 });
    return;
  }
  if (before !== null) {
    await emitter.note(ref, 'warning', `The environment was built anew since: ${before} is now ${environment.digest}.`);
  }
  const { id, backend, tier, limitsInForce } = sandbox;
  await emitter.emit({
    type: 'attempt-start',
    ...ref,
    environmentDigest: environment.digest,
    baseCommit: environment.baseCommit,
    sandbox: { id, backend, tier, limitsInForce },
  });
}

async function work(
  context: SolveContext,
  input: SolveInput,
  history: AttemptHistory,
  sandbox: Sandbox,
): Promise<TryResult> {
  const { stop } = context;
  let limit: Failure | null = null;
  void sandbox.closed.then((end) => {
    limit = limitOfEnd(end);
  });
  let outcome = await runAgent(context, input, history, sandbox);
  if (outcome.status === 'paused' || stop.control.signal.aborted) return { kind: 'paused' };
  if (limit !== null) outcome = { ...outcome, status: 'limit', failure: limit };
  else if (blockedBySandbox(outcome)) return { kind: 'ended', outcome, patch: null };
  return await takePatch(context, input, sandbox, outcome, () => limit);
}

function blockedBySandbox(outcome: AgentOutcome): boolean {
  return outcome.status === 'failed' && outcome.failure?.class === 'infra';
}

async function runAgent(
  context: SolveContext,
  { ref, instance, environment }: SolveInput,
  history: AttemptHistory,
  sandbox: Sandbox,
): Promise<AgentOutcome> {
  const { run, ports, model, stop, emitter, stepped } = context;
  const { limits, runId } = run.manifest;
  const watch = linkedAbort(stop.control.signal, (limits.wallSeconds + 2 * limits.commandSeconds) * 1000 + GRACE_MS);
  try {
    const workspace = await ports.openWorkspace(sandbox, { commandSeconds: limits.commandSeconds });
    const sandboxLimits = sandboxLimitsFor(run.manifest.sandboxLimits, instance);
    const userTool = ports.openUserTool?.(sandbox, { instance, environment, limits: sandboxLimits });
    const checkpoints = ports.checkpoints?.(sandbox, ref);
    const outcome = await ports.agent.run({
      attemptKey: `${runId}/${ref.instanceId}/${ref.attempt}`,
      problemStatement: instance.problemStatement,
      images: instance.images,
      workspace,
      baseCommit: environment.baseCommit,
      model: ports.attemptModel?.(model, { sandbox, workspace, limits }) ?? model,
      limits,
      recorded: history.recorded,
      opened: history.opened && history.recorded.length > 0,
      ...(userTool === undefined ? {} : { userTool }),
      elapsedMs: history.totals.wallMs,
      emit: async (event) => {
        await emitter.emit({ ...event, ...ref });
        if (event.type === 'step-end') await stepped?.(ref);
      },
      signal: watch.signal,
      shouldPause: () => stop.control.pausing,
      ...(checkpoints === undefined ? {} : { checkpoints }),
      ...(ports.critic === undefined
        ? {}
        : { appraise: appraiser(ports.critic, context, { ref, instance }, watch.signal) }),
    });
    if (!watch.timedOut || outcome.status === 'done') return outcome;
    return { ...outcome, status: 'limit', failure: hanging(limits.wallSeconds) };
  } catch (error) {
    return failed(history, toFailure(error)).outcome;
  } finally {
    watch.dispose();
  }
}

/** The critic's opinion of an attempt that still goes on; when it has none, a note says why. */
function appraiser(
  critic: Critic,
  { run, emitter }: SolveContext,
  { ref, instance }: Pick<SolveInput, 'ref' | 'instance'>,
  signal: AbortSignal,
): NonNullable<AgentContext['appraise']> {
  const about = { runId: run.manifest.runId, ...ref, repo: instance.task.repo, patch: '', outcome: null, totals: null };
  return async ({ system, messages }) => {
    try {
      const { perTurn, final, cost } = await critic.score({ ...about, system, messages }, { signal });
      return { value: perTurn.at(-1) ?? final, cost };
    } catch (error) {
      if (signal.aborted) throw error;
      const { code, message } = toFailure(error);
      await emitter.note(ref, 'warning', `No value of ${critic.name}: ${code}: ${message}`);
      return null;
    }
  };
}

function hanging(wallSeconds: number): Failure {
  return {
    code: 'limit-wall-time',
    class: 'limit',
    message: `The agent did not end by itself after ${wallSeconds} s and was stopped.`,
    retryable: false,
  };
}

async function takePatch(
  { ports, stop }: SolveContext,
  { environment }: SolveInput,
  sandbox: Sandbox,
  outcome: AgentOutcome,
  limit: () => Failure | null,
): Promise<TryResult> {
  const watch = linkedAbort(stop.control.signal, CAPTURE_MS);
  try {
    const { baseCommit, workdir } = environment;
    const patch = await ports.capturePatch(sandbox, { baseCommit, workdir, signal: watch.signal });
    return { kind: 'ended', outcome, patch };
  } catch (error) {
    if (stop.control.signal.aborted) return { kind: 'paused' };
    return { kind: 'ended', outcome, patch: null, patchFailure: limit() ?? captureFailure(error, watch.timedOut) };
  } finally {
    watch.dispose();
  }
}

function captureFailure(error: unknown, timedOut: boolean): Failure {
  const failure = toFailure(error);
  if (!timedOut) return failure;
  const message = `Taking the patch took longer than ${CAPTURE_MS / 1000} s: ${failure.message}`;
  return { code: 'sandbox-command-timeout', class: 'limit', message, retryable: false };
}

function failed(history: AttemptHistory, failure: Failure): Extract<TryResult, { kind: 'ended' }> {
  return { kind: 'ended', outcome: { status: 'failed', steps: history.recorded.length, failure }, patch: null };
}
