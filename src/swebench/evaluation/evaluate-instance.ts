/** One prediction from patch to report. The files on disk are those of the reference. */
import { digestOf, sha256 } from '../../base/digest.ts';
import type { BuiltEnvironment, Sandbox, SandboxBackend, SandboxLimits } from '../../contracts/index.ts';
import type { Compat, InstanceReport, Prediction, SwebenchInstance } from '../contracts.ts';
import type { WorkItem } from '../predictions/select-work.ts';
import { fetchImageAssets, keepAssets, placeAssets, withAssets } from './image-assets.ts';
import type { EvaluationRecord, InstanceFolder } from './instance-folder.ts';
import { openInstanceLog } from './instance-log.ts';
import { recordExitCode } from './record-exit-code.ts';
import { requireRules } from './require-rules.ts';
import { type EvaluationError, runPublishedScript, type ScriptSettings } from './script-run.ts';
import { runStrictScript, type StrictRun } from './strict/run-strict-script.ts';
import { evidenceProblems } from './strict/test-evidence.ts';

/** From a log to what the report says. Pure. */
export type GradeLog = (input: {
  instance: SwebenchInstance;
  prediction: Prediction;
  log: string;
  compat: Compat;
}) => InstanceReport;

export interface EvaluationSettings {
  backend: SandboxBackend;
  limits: SandboxLimits;
  network: 'none' | 'host';
  compat: Compat;
  strict: boolean;
  /** Of the script alone. */
  timeoutSeconds: number;
  /** Where fetched pictures of Multimodal rows are kept. */
  assetCache: string;
  gradeLog: GradeLog;
  /** The text of `report.json`. */
  reportText: (instanceId: string, report: InstanceReport) => string;
  signal: AbortSignal;
}

export type Evaluation =
  | { instanceId: string; report: InstanceReport; record: EvaluationRecord }
  | { instanceId: string; error: EvaluationError };

/** For patch, differences and checks, on top of the script's own time. */
const SET_UP_SECONDS = 900;

/** Everything that determines the verdict: equal digests need not be evaluated again. */
export function evaluationDigest(
  { instance, prediction }: WorkItem,
  environmentDigest: string,
  { compat, strict, network }: Pick<EvaluationSettings, 'compat' | 'strict' | 'network'>,
): string {
  const assets = [...instance.image_assets.test_patch, ...instance.image_assets.patch];
  return digestOf({
    patch: sha256(prediction.model_patch ?? ''),
    environment: environmentDigest,
    script: instance.eval_script ?? '',
    parser: instance.log_parser ?? '',
    expected: [instance.FAIL_TO_PASS, instance.PASS_TO_PASS, instance.eval_type],
    rules: { compat, strict, network },
    ...(assets.length > 0 ? { assets } : {}),
  });
}

/**
 * The folder is empty (`begin`). Throws only for infrastructure (`sandbox-*`), `task-invalid` for a row without a script or parser, and `cancelled`. A patch that does not apply and a timeout leave no report, as in
 * the reference, so that they are tried again.
 */
export async function evaluateInstance(
  item: WorkItem,
  environment: BuiltEnvironment,
  folder: InstanceFolder,
  settings: EvaluationSettings,
): Promise<Evaluation> {
  const started = performance.now();
  const { prediction } = item;
  const instanceId = item.instance.instance_id;
  const published = requireRules(item.instance);
  const script = settings.compat === 5 ? recordExitCode(published) : published;
  const patch = prediction.model_patch ?? '';
  const log = openInstanceLog(folder.file('run_instance.log'));
  try {
    const assets = await fetchImageAssets(item.instance, { cache: settings.assetCache, signal: settings.signal });
    await keepAssets(folder.path, assets);
    const instance = { ...item.instance, eval_script: withAssets(item.instance.eval_script ?? '', assets) };
    await folder.write('patch.diff', patch);
    const { compat, timeoutSeconds, signal } = settings;
    const run: ScriptSettings = {
      instanceId,
      patch,
      script: withAssets(script, assets),
      compat,
      timeoutSeconds,
      log,
      signal,
    };
    await folder.write('eval.sh', run.script);
    const inFresh = <T>(work: (sandbox: Sandbox) => Promise<T>) =>
      inSandbox(environment, instanceId, settings, async (sandbox) => {
        await placeAssets(sandbox, assets);
        return work(sandbox);
      });
    const grade = (output: string) => settings.gradeLog({ instance, prediction, log: output, compat });

    const strict = settings.strict ? await inFresh((sandbox) => runStrictScript(sandbox, instance, run)) : undefined;
    const outcome = strict?.outcome ?? (await inFresh((sandbox) => runPublishedScript(sandbox, run)));
    if (outcome.output !== undefined) await folder.write('test_output.txt', outcome.output);
    if ('error' in outcome) {
      log.error(outcome.error.message);
      return { instanceId, error: outcome.error };
    }
    log.info(`Grading answer for ${instanceId}...`);
    let report = grade(outcome.output);
    let compatible = report.resolved;
    let reason: string | null = null;
    if (strict !== undefined) {
      const problems = [...strict.problems, ...(report.resolved ? evidenceProblems(instance, strict, outcome) : [])];
      if (problems.length > 0) report = { ...report, resolved: false };
      // Without a difference between the two ways, the strict log is what the other would have printed.
      if (problems.length > 0 || strict.restoredFiles.length > 0 || strict.forgesMarkers) {
        const plain = await inFresh((sandbox) => runPublishedScript(sandbox, run));
        if (plain.output !== undefined) await folder.write('test_output.compat.txt', plain.output);
        compatible = 'error' in plain ? false : grade(plain.output).resolved;
      }
      reason = strictReason(strict, problems, report.resolved, compatible);
    }
    const record: EvaluationRecord = {
      instanceId,
      digest: evaluationDigest(item, environment.digest, settings),
      verdict_compat: compatible,
      verdict_strict: strict === undefined ? null : report.resolved,
      reason,
      restoredFiles: strict?.restoredFiles ?? [],
      exitCode: outcome.exitCode,
      testSeconds: outcome.seconds,
      totalSeconds: (performance.now() - started) / 1000,
      environment: { digest: environment.digest, cached: environment.cached, buildMs: environment.buildMs },
    };
    log.info(`Result for ${instanceId}: resolved: ${report.resolved}`);
    await folder.finish(settings.reportText(instanceId, report), record);
    return { instanceId, report, record };
  } finally {
    await log.flush();
  }
}

function strictReason(
  strict: StrictRun,
  problems: readonly string[],
  resolved: boolean,
  compatible: boolean,
): string | null {
  if (problems.length > 0) return problems.join('; ');
  if (resolved === compatible) return null;
  if (strict.restoredFiles.length === 0)
    return 'what was printed besides the tests counts under the compatible rules only';
  return `with files put back (${strict.restoredFiles.join(', ')}) the tests ${resolved ? 'pass' : 'do not pass'}`;
}

async function inSandbox<T>(
  environment: BuiltEnvironment,
  instanceId: string,
  settings: EvaluationSettings,
  work: (sandbox: Sandbox) => Promise<T>,
): Promise<T> {
  const sandbox = await settings.backend.create({
    base: environment.base,
    layers: environment.layers,
    limits: { ...settings.limits, wallSeconds: settings.timeoutSeconds + SET_UP_SECONDS },
    network: settings.network,
    env: environment.env,
    workdir: environment.workdir,
    labels: { purpose: 'grading', instance: instanceId },
  });
  try {
    return await work(sandbox);
  } finally {
    await sandbox.destroy();
  }
}
