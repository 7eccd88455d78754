/** Grading that outlives infrastructure failures: tried again a bounded number of times, then an `infra-error` verdict. */
import { digestOf, sha256 } from '../base/digest.ts';
import { AssayError, type Failure, toFailure, type Verdict } from '../contracts/index.ts';
import { isRetriedHere } from './failure-policy.ts';
import type { GradeInput, GradePorts, GradeResult } from './ports.ts';
import { type RetryPolicy, stopIfHopeless, waitBeforeTry } from './run-context.ts';
import type { RunStop } from './run-control.ts';

export interface GradeWithRetriesOptions {
  ports: GradePorts;
  stop: RunStop;
  policy: RetryPolicy;
  /** Called before each further grading after an infrastructure failure. */
  onRetry: (failure: Failure) => Promise<void>;
  /** Called before each further run of the tests within one grading. */
  onTry: (number: number, verdict: Verdict) => Promise<void>;
}

/** Null when the run was stopped before there was a verdict: neither a further grading nor a further run of the tests begins then. Never throws for what grading does. */
export async function gradeWithRetries(input: ToGrade, options: GradeWithRetriesOptions): Promise<GradeResult | null> {
  const { ports, stop, policy } = options;
  const { signal } = stop.control;
  const beforeTry: GradeInput['beforeTry'] = async (number, verdict) => {
    if (stop.control.pausing)
      throw new AssayError('cancelled', 'stopped between two tries', { class: 'cancelled', retryable: true });
    await options.onTry(number, verdict);
  };
  for (let tries = 1; ; tries++) {
    const began = performance.now();
    let result: GradeResult;
    try {
      result = await ports.gradeAttempt({ ...input, backend: ports.backend, signal, beforeTry });
    } catch (error) {
      result = infraError(input, toFailure(error), performance.now() - began);
    }
    if (signal.aborted) return null;
    if (result.report.verdict !== 'infra-error') return result;
    const failure = result.report.failure ?? UNNAMED;
    if (stop.control.pausing || (await stopIfHopeless(failure, stop, ports))) return null;
    if (!isRetriedHere(failure) || tries > policy.retries) return result;
    await options.onRetry(failure);
    await waitBeforeTry(policy, tries, signal);
    if (stop.control.pausing) return null;
  }
}

type ToGrade = Omit<GradeInput, 'backend' | 'signal' | 'beforeTry'>;

const UNNAMED: Failure = {
  code: 'grading-crashed',
  class: 'infra',
  message: 'Grading met a failure of the infrastructure that it does not name.',
  retryable: null,
};

function infraError(input: ToGrade, failure: Failure, durationMs: number): GradeResult {
  const { instance, environment, patch } = input;
  const none = { success: [], failure: [] };
  return {
    testOutput: '',
    evalScript: '',
    report: {
      instanceId: instance.instanceId,
      verdict: 'infra-error',
      resolved: false,
      patchApplied: false,
      failToPass: none,
      passToPass: none,
      testsSeen: 0,
      exitCode: null,
      durationMs,
      restoredFiles: [],
      failure,
      gradeDigest: digestOf([sha256(patch), environment.digest, instance.digest]),
    },
  };
}
