/** The published sequence in one sandbox: patch, difference, script, difference. Nothing here decides anything. */
import { AssayError, type Sandbox } from '../../contracts/index.ts';
import { exec } from '../../sandbox/exec.ts';
import { sandboxFiles } from '../../sandbox/files.ts';
import type { Compat } from '../contracts.ts';
import { applyModelPatch } from './apply-model-patch.ts';
import type { InstanceLog } from './instance-log.ts';

/** How an evaluation ends that has no report; the words stand in `run_instance.log`. */
export interface EvaluationError {
  kind: 'patch-failed' | 'timeout';
  message: string;
}

export interface ScriptRun {
  /** Output and errors in the order of arrival. */
  output: string;
  exitCode: number | null;
  seconds: number;
}

/** `output`: what there was before the timeout. */
export type ScriptOutcome = ScriptRun | { error: EvaluationError; output?: string };

export interface ScriptSettings {
  instanceId: string;
  patch: string;
  script: string;
  compat: Compat;
  timeoutSeconds: number;
  log: InstanceLog;
  signal: AbortSignal;
}

/** Output beyond this is counted, not kept. */
const MAX_LOG_BYTES = 256 * 1024 ** 2;

/** Throws `sandbox-*` and `cancelled`. */
export async function runPublishedScript(sandbox: Sandbox, settings: ScriptSettings): Promise<ScriptOutcome> {
  const failed = await applyOrExplain(sandbox, settings);
  if (failed !== null) return { error: failed };
  const before = await workTreeDiff(sandbox, settings.signal);
  settings.log.info(`Git diff before:\n${before}`);
  await sandboxFiles(sandbox).write('/eval.sh', settings.script, { mode: 0o755 });
  const outcome = await runTimed(sandbox, ['/bin/bash', '/eval.sh'], settings);
  if ('error' in outcome) return outcome;
  settings.log.info(`Test runtime: ${outcome.seconds.toFixed(2)} seconds`);
  const after = await workTreeDiff(sandbox, settings.signal);
  if (after !== before) settings.log.info(`Git diff changed after running eval script:\n${after}`);
  return outcome;
}

/** Null when the patch is in place. */
export async function applyOrExplain(
  sandbox: Sandbox,
  { patch, compat, log, signal }: ScriptSettings,
): Promise<EvaluationError | null> {
  const place = { sandbox, workdir: sandbox.spec.workdir, compat, signal, log: log.info };
  const { applied, output } = await applyModelPatch(patch, place);
  if (!applied) return { kind: 'patch-failed', message: `>>>>> Patch Apply Failed:\n${output}` };
  log.info(`>>>>> Applied Patch:\n${output}`);
  return null;
}

/** One command under the time limit, killed with everything it started when that is over. */
export async function runTimed(
  sandbox: Sandbox,
  argv: readonly string[],
  { instanceId, timeoutSeconds, signal }: Pick<ScriptSettings, 'instanceId' | 'timeoutSeconds' | 'signal'>,
): Promise<ScriptOutcome> {
  const result = await exec(sandbox, argv, {
    cwd: sandbox.spec.workdir,
    stderr: 'merge',
    timeoutSeconds,
    maxBytes: MAX_LOG_BYTES,
    signal,
  });
  const output = result.stdout.toString('utf8');
  if (result.timedOut) {
    const error = { kind: 'timeout' as const, message: `Test timed out after ${timeoutSeconds} seconds.` };
    return { error, output: `${output}\n\nTimeout error: ${timeoutSeconds} seconds exceeded.` };
  }
  if (result.sandboxDied) {
    const message = `the sandbox ended while ${instanceId} was tested`;
    throw new AssayError('sandbox-died', message, { class: 'infra', retryable: true });
  }
  return { output, exitCode: result.exitCode, seconds: result.durationMs / 1000 };
}

async function workTreeDiff(sandbox: Sandbox, signal: AbortSignal): Promise<string> {
  const argv = ['git', '-c', 'core.fileMode=false', 'diff'];
  const result = await exec(sandbox, argv, { cwd: sandbox.spec.workdir, stderr: 'merge', timeoutSeconds: 120, signal });
  return result.stdout.toString().trim();
}
