/** Grades an attempt whose patch is durable, and makes the verdict durable. */
import { sha256 } from '../base/digest.ts';
import { AssayError, type OpenRun } from '../contracts/index.ts';
import { sandboxLimitsFor } from './attempt-sandbox.ts';
import { gradeWithRetries } from './grade-with-retries.ts';
import type { SolveContext, SolveInput } from './solve-attempt.ts';

/** False when the run was stopped before there was a verdict: a resume grades again. */
export async function gradeSolved(
  context: Omit<SolveContext, 'model'>,
  { ref, instance, environment }: SolveInput,
): Promise<boolean> {
  const { run, ports, stop, emitter, policy } = context;
  const patch = await durablePatch(run, { ref });
  await emitter.emit({ type: 'grade-start', ...ref });
  const limits = sandboxLimitsFor(run.manifest.sandboxLimits, instance);
  const result = await gradeWithRetries(
    { instance, environment, patch, limits },
    {
      ports,
      stop,
      policy,
      onRetry: (failure) => emitter.note(ref, 'warning', `Graded again: ${failure.code}: ${failure.message}`),
      onTry: (number, verdict) => emitter.note(ref, 'info', `Tests run again (try ${number}): ${verdict}`),
    },
  );
  if (result === null) return false;
  await run.writeArtifact(ref, 'eval.sh', result.evalScript);
  await run.writeArtifact(ref, 'test_output.txt', result.testOutput);
  for (const file of result.artifacts ?? []) await run.keepGradeArtifact(ref, file);
  await run.writeArtifact(ref, 'report.json', `${JSON.stringify(result.report, null, 2)}\n`);
  await emitter.emit({ type: 'grade-end', ...ref, report: result.report });
  return true;
}

/** The patch that `attempt-end` names; `''` when none could be taken, which counts as no change. */
async function durablePatch(run: OpenRun, { ref }: Pick<SolveInput, 'ref'>): Promise<string> {
  const { record } = await run.history(ref);
  if (record?.patchDigest == null) return '';
  const patch = await run.readArtifact(ref, 'patch.diff');
  if (patch !== null && sha256(patch) === record.patchDigest) return patch;
  throw new AssayError(
    'store-invalid',
    `patch.diff of ${ref.instanceId}, attempt ${ref.attempt}, is ${patch === null ? 'missing' : 'not the one that was taken'}.`,
    {
      class: 'input',
      retryable: false,
      hint: 'Put the file back as it was, then resume the run; nothing else can give this attempt a verdict.',
      details: { ...ref, patchDigest: record.patchDigest },
    },
  );
}
