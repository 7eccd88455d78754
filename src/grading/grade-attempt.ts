/**
 * Grades one patch in a fresh sandbox the agent never touched: apply, put the hidden tests in place, run, parse, decide. The command's output and exit code come over the sandbox's own
 * channel, so nothing a test prints can end or fake them.
 */
import { digestOf, sha256 } from '../base/digest.ts';
import {
  AssayError,
  type BuiltEnvironment,
  type GradeArtifact,
  type GradeReport,
  type Sandbox,
  type SandboxBackend,
  type SandboxLimits,
  type TaskInstance,
  type Verdict,
} from '../contracts/index.ts';
import { exec } from '../sandbox/exec.ts';
import { sandboxFiles } from '../sandbox/files.ts';
import { applyPatch } from './apply-patch.ts';
import { decideVerdict } from './decide-verdict.ts';

export interface GradeAttemptInput {
  instance: TaskInstance;
  environment: BuiltEnvironment;
  /** Unified diff against the environment's base commit. */
  patch: string;
  backend: SandboxBackend;
  limits: SandboxLimits;
  signal: AbortSignal;
  /** Called before the tests run once more, with the number of that try (from 2) and the verdict of the one before. What it throws ends the grading. */
  beforeTry?: (number: number, verdict: Verdict) => Promise<void>;
}

export interface GradeAttemptResult {
  report: GradeReport;
  testOutput: string;
  evalScript: string;
  /** What the tests left behind; the report names each. */
  artifacts?: GradeArtifact[];
}

/** Output beyond this is counted, not kept: no suite says anything useful after it. */
const MAX_OUTPUT_BYTES = 128 * 1024 ** 2;
/** Time for applying the patch and placing the tests, on top of the task's own. */
const SET_UP_SECONDS = 300;

/** Throws only for infrastructure (`sandbox-*`) and `cancelled`; what the patch or the tests do is in the report. */
export async function gradeAttempt(input: GradeAttemptInput): Promise<GradeAttemptResult> {
  const { instance, environment, patch, backend, signal } = input;
  const started = performance.now();
  const evalScript = scriptText(instance);
  const report = (verdict: Verdict, more: Partial<GradeReport> = {}): GradeReport => ({
    instanceId: instance.instanceId,
    verdict,
    resolved: verdict === 'resolved',
    patchApplied: false,
    failToPass: { success: [], failure: [...instance.task.grading.failToPass] },
    passToPass: { success: [], failure: [...instance.task.grading.passToPass] },
    testsSeen: 0,
    exitCode: null,
    durationMs: performance.now() - started,
    restoredFiles: [],
    gradeDigest: gradeDigest(instance, environment, patch),
    ...more,
  });
  if (patch.trim() === '') return { report: report('empty-patch'), testOutput: '', evalScript };

  const { timeoutSeconds } = instance.task.grading;
  const sandbox = await backend.create(
    {
      base: environment.base,
      layers: environment.layers,
      limits: { ...input.limits, wallSeconds: timeoutSeconds + SET_UP_SECONDS },
      network: 'none',
      env: environment.env,
      workdir: environment.workdir,
      labels: { purpose: 'grading', instance: instance.instanceId },
    },
    signal,
  );
  const where = { sandbox: { backend: sandbox.backend, tier: sandbox.tier, limitsInForce: sandbox.limitsInForce } };
  try {
    const { applied, log, restoredFiles } = await applyPatch(sandbox, instance, patch, {
      workdir: environment.workdir,
      baseCommit: environment.baseCommit,
      signal,
    });
    if (!applied) return { report: report('patch-failed', where), testOutput: log, evalScript };
    await placeHiddenTests(sandbox, instance, environment.workdir);
    const run = await exec(sandbox, ['bash', '-c', instance.task.grading.command], {
      cwd: environment.workdir,
      stderr: 'merge',
      timeoutSeconds,
      maxBytes: MAX_OUTPUT_BYTES,
      signal,
    });
    if (run.sandboxDied && !run.timedOut)
      throw new AssayError('sandbox-died', `the sandbox ended while ${instance.instanceId} was graded`, {
        class: 'infra',
        retryable: true,
      });
    const testOutput = run.stdout.toString('utf8');
    const decision = decideVerdict(instance.task.grading, {
      output: testOutput,
      exitCode: run.exitCode,
      signal: run.signal,
      timedOut: run.timedOut,
    });
    return {
      report: report(decision.verdict, {
        ...decision,
        ...where,
        patchApplied: true,
        exitCode: run.exitCode,
        restoredFiles,
      }),
      testOutput,
      evalScript,
    };
  } finally {
    await sandbox.destroy();
  }
}

/** What the patch put where a hidden file belongs (a folder, a link) gives way. */
async function placeHiddenTests(sandbox: Sandbox, instance: TaskInstance, workdir: string): Promise<void> {
  const files = sandboxFiles(sandbox);
  for (const file of instance.hiddenFiles) {
    const path = `${workdir}/${file.path}`;
    await exec(sandbox, ['rm', '-rf', '--', path], { cwd: '/' });
    await files.write(path, file.content, { mode: file.mode });
  }
}

/** Everything that determines the verdict: equal digests need not be graded twice. */
function gradeDigest(instance: TaskInstance, environment: BuiltEnvironment, patch: string): string {
  const hidden = instance.hiddenFiles.map((file) => [file.path, file.mode, sha256(file.content)]);
  return digestOf({ patch: sha256(patch), environment: environment.digest, grading: instance.task.grading, hidden });
}

/** For the record: what ran, in words a shell understands. */
function scriptText(instance: TaskInstance): string {
  const files = instance.hiddenFiles.map((file) => `#   ${file.path}`).join('\n');
  return `#!/bin/bash\n# The patch is applied to the base state, then these hidden files are put in place:\n${files}\n# Exit code and output are taken outside of the sandbox.\n${instance.task.grading.command}\n`;
}
