/** Small manifests, events and replies for tests of the run store and the runner. */
import type { ModelReply, RunEvent, RunManifest } from '../../src/contracts/index.ts';

export function manifestOf(
  runId: string,
  instanceIds: readonly string[],
  more: Partial<RunManifest> = {},
): RunManifest {
  return {
    formatVersion: 1,
    runId,
    createdAt: '2026-01-02T03:04:05.000Z',
    assayVersion: '0.1.0',
    dataset: {
      name: 'fixture',
      reference: 'fixture',
      digest: 'sha256:d',
      instances: instanceIds.map((instanceId) => ({ instanceId, digest: `digest of ${instanceId}`, repo: 'repo' })),
    },
    agent: { name: 'double', digest: 'sha256:a' },
    model: { id: 'double/model', parameters: {} },
    attempts: 1,
    limits: { steps: 20, wallSeconds: 60, commandSeconds: 10 },
    sandboxLimits: { memoryBytes: 2 ** 30, pids: 100, cpus: 1, diskBytes: 2 ** 30, wallSeconds: 600 },
    priceTable: 'none',
    host: { platform: 'linux', kernel: 'test', node: process.version, cpus: 1, memoryBytes: 1 },
    ...more,
  };
}

export function replyOf(text: string, more: Partial<ModelReply> = {}): ModelReply {
  return {
    message: { role: 'assistant', content: [{ type: 'text', text }] },
    stopReason: 'end',
    usage: { inputUncached: 10, cacheRead: 3, cacheWrite5m: 2, cacheWrite1h: 0, output: 5, reasoning: null },
    cost: { kind: 'measured', usd: 0.25 },
    servedModel: null,
    latencyMs: 1,
    retries: [],
    rawUsage: null,
    source: 'live',
    ...more,
  };
}

/** Events of one attempt, one second apart. */
export function eventMaker(instanceId: string, attempt = 1) {
  let seconds = 0;
  const base = () => ({
    at: new Date(Date.UTC(2026, 0, 1) + 1000 * seconds++).toISOString(),
    instanceId,
    attempt,
  });
  const none = 'none' as const;
  return {
    start: (): RunEvent => ({
      type: 'attempt-start',
      ...base(),
      environmentDigest: 'sha256:e',
      baseCommit: 'c0ffee',
      sandbox: {
        id: 's',
        backend: 'host-test',
        tier: 'none',
        limitsInForce: { memory: none, pids: none, cpu: none, disk: none, wall: none },
      },
    }),
    resume: (fromStep: number): RunEvent => ({ type: 'attempt-resume', ...base(), fromStep }),
    reply: (step: number, reply: ModelReply): RunEvent => ({ type: 'reply-end', ...base(), step, reply }),
    result: (step: number, callId: string, text: string, repeated?: 'same' | 'different'): RunEvent => ({
      type: 'tool-end',
      ...base(),
      step,
      result: { callId, name: 'bash', content: [{ type: 'text', text }], isError: false },
      durationMs: 1,
      ...(repeated === undefined ? {} : { repeated }),
    }),
    end: (totals: Extract<RunEvent, { type: 'attempt-end' }>['totals'], gradable?: boolean): RunEvent => ({
      type: 'attempt-end',
      ...base(),
      outcome: { status: 'done', steps: totals.steps },
      totals,
      patchDigest: 'sha256:p',
      patchBytes: 3,
      ...(gradable === undefined ? {} : { gradable }),
    }),
    graded: (resolved: boolean): RunEvent => ({
      type: 'grade-end',
      ...base(),
      report: {
        instanceId,
        verdict: resolved ? 'resolved' : 'unresolved',
        resolved,
        patchApplied: true,
        failToPass: { success: ['a'], failure: [] },
        passToPass: { success: [], failure: [] },
        testsSeen: 1,
        exitCode: 0,
        durationMs: 5,
        restoredFiles: [],
        gradeDigest: 'sha256:g',
      },
    }),
  };
}
