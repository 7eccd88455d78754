import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRunBench, type RunBench, statesOf as states } from '../../test/support/run-bench.ts';
import {
  CountingModel,
  captureAnswer,
  endedBy,
  environments,
  gradeByComparing,
  type HostBackend,
  infra,
  instanceOf,
  openWorkspaceDouble,
} from '../../test/support/run-doubles.ts';
import { AssayError, type OpenRun, type RunEvent, type RunManifest, type RunRecord } from '../contracts/index.ts';
import { openRun } from '../store/file-run-store.ts';
import { RunControl } from './run-control.ts';

const IDS = ['a', 'b', 'c', 'd'];
let bench: RunBench;
let runs: string;
let backend: HostBackend;
let model: CountingModel;
let events: RunEvent[];

beforeEach(async () => {
  bench = await openRunBench();
  ({ runs, backend, model, events } = bench);
});
afterEach(() => bench.close());

const newRun = (more: Partial<RunManifest> = {}, ids: readonly string[] = IDS) => bench.newRun(more, ids);
const go: RunBench['go'] = (...given) => bench.go(...given);
const again: RunBench['again'] = (...given) => bench.again(...given);
const typesOf = (instanceId: string) =>
  events.filter((one) => 'instanceId' in one && one.instanceId === instanceId).map((one) => one.type);
const file = (path: string) => readFile(join(runs, 'r', path), 'utf8');

/** A record without what differs between two runs of the same work: times and resumes. */
function comparable(record: RunRecord): unknown {
  return record.attempts.map(({ totals, sandboxUsage: _, ...attempt }) => ({
    ...attempt,
    totals: totals === null ? null : { ...totals, wallMs: 0, workingMs: 0 },
  }));
}

test('solves and grades every attempt, keeps the files, and says what it does', async () => {
  const record = await go(await newRun({ attempts: 2 }));
  expect(record.status).toBe('completed');
  expect(states(record)).toEqual(['a1', 'b1', 'c1', 'd1', 'a2', 'b2', 'c2', 'd2'].map((one) => `${one} finished`));
  expect(record.attempts[0]).toMatchObject({
    outcome: { status: 'done', steps: 4 },
    totals: { steps: 4, usd: 1, usage: { inputUncached: 40, output: 20 }, unknownCosts: 0 },
    report: { verdict: 'resolved' },
    environmentDigest: 'environment of a',
    // The receipt that the sandbox gave: this kind measures nothing.
    sandboxUsage: {
      peakMemoryBytes: null,
      cpuSeconds: null,
      oomKills: null,
      throttledSeconds: null,
      writtenBytes: null,
      waitMs: expect.any(Number),
      lifeMs: expect.any(Number),
    },
  });
  expect(await file('attempts/a/1/patch.diff')).toBe('a\na\na\n');
  expect(await file('attempts/a/1/eval.sh')).toBe('cat');
  expect(await file('attempts/a/1/test_output.txt')).toBe('ok true');
  expect(JSON.parse(await file('attempts/a/1/report.json'))).toMatchObject({ verdict: 'resolved' });
  // A sandbox per attempt and another one per grading, at most three at a time; one build per instance.
  expect(new Set(backend.created).size).toBe(16);
  expect(backend.peak).toBeLessThanOrEqual(3);
  expect(events.filter((one) => one.type === 'environment-end')).toHaveLength(4);
  expect(events[0]).toMatchObject({ type: 'run-start', attemptsPlanned: 8 });
  expect(events.at(-1)).toMatchObject({ type: 'run-end', status: 'completed' });
  // The two attempts of an instance may overlap; each has its own order.
  const ofFirst = events.filter((one) => 'attempt' in one && one.instanceId === 'a' && one.attempt === 1);
  expect(ofFirst.map((one) => one.type).filter((type) => /attempt|grade/.test(type))).toEqual([
    'attempt-start',
    'attempt-end',
    'grade-start',
    'grade-end',
  ]);
  expect(model).toMatchObject({ closed: 1, paidTwice: [] });
});

describe('failures stay where they are', () => {
  test('a lost sandbox is replaced; replies are not asked for again', async () => {
    let losses = 0;
    const record = await go(
      await newRun(),
      {
        capturePatch: async (sandbox, options) => {
          if (losses++ < 2) throw infra('sandbox-died');
          return await captureAnswer(sandbox, options);
        },
      },
      { jobs: 1 },
    );
    expect(states(record)).toEqual(IDS.map((id) => `${id}1 finished`));
    expect(record.attempts.every((one) => one.report?.resolved === true && one.totals?.steps === 4)).toBe(true);
    expect(model.paidTwice).toEqual([]);
    expect(typesOf('a').filter((type) => type === 'attempt-resume')).toHaveLength(2);
    expect(events.filter((one) => one.type === 'note').map((one) => one.message)).toEqual([
      expect.stringContaining('sandbox-died'),
      expect.stringContaining('sandbox-died'),
    ]);
  });

  test('after a bounded number of tries the attempt has failed, the others go on, and a resume takes it up', async () => {
    backend.onCreate = (purpose, instance) => {
      if (instance === 'b') throw infra('sandbox-create-failed', `no ${purpose} sandbox`);
    };
    const record = await go(await newRun());
    expect(record.status).toBe('completed');
    expect(states(record)).toEqual(['a1 finished', 'b1 failed', 'c1 finished', 'd1 finished']);
    expect(record.attempts[1]?.outcome?.failure).toMatchObject({ code: 'sandbox-create-failed' });
    backend.onCreate = () => {};
    expect((await again({}, { retryFailed: false })).attempts[1]?.state).toBe('failed');
    expect(states(await again())).toEqual(IDS.map((id) => `${id}1 finished`));
    expect(model.paidTwice).toEqual([]);
  });

  test('an environment that cannot be built fails its own attempts only', async () => {
    const record = await go(await newRun({ attempts: 2 }), {
      environments: {
        ...environments,
        ensure: async (instance, signal, onProgress) => {
          onProgress?.('step 1');
          if (instance.instanceId !== 'c') return await environments.ensure(instance, signal);
          throw new AssayError('environment-build-failed', 'make: no', { class: 'task', retryable: false });
        },
      },
    });
    expect(states(record).filter((one) => one.endsWith('failed'))).toEqual(['c1 failed', 'c2 failed']);
    expect(record.status).toBe('completed');
    expect(typesOf('c')).toEqual([
      'environment-start',
      'environment-delta',
      'environment-end',
      'attempt-end',
      'attempt-end',
    ]);
    expect(await file('events.jsonl')).not.toContain('environment-delta');
  });

  test('a provider that is down fails the attempt without a verdict, and keeps what it did', async () => {
    model.before = (instanceId, step) => {
      if (instanceId === 'a' && step === 3)
        throw new AssayError('model-overloaded', 'busy (after 12 tries)', { class: 'model', retryable: true });
    };
    const record = await go(await newRun());
    expect(record.attempts[0]).toMatchObject({ state: 'failed', patchBytes: 4, report: null, totals: { steps: 2 } });
    expect(await file('attempts/a/1/patch.diff')).toBe('a\na\n');
    model.before = () => {};
    expect((await again()).attempts[0]).toMatchObject({ state: 'finished', report: { resolved: true } });
    expect(model.paidTwice).toEqual([]);
  });

  test("the model's own failures and limits are graded with the patch as it stands", async () => {
    model.before = (instanceId, step) => {
      if (instanceId === 'a' && step === 2)
        throw new AssayError('model-context-overflow', 'too long', { class: 'model', retryable: false });
      if (instanceId === 'b' && step === 2)
        throw new AssayError('model-refusal', 'no', { class: 'model', retryable: true });
    };
    const record = await go(await newRun({ limits: { steps: 3, wallSeconds: 60, commandSeconds: 10 } }));
    expect(
      record.attempts.map((one) => [one.outcome?.status, one.outcome?.failure?.code, one.report?.verdict]),
    ).toEqual([
      ['limit', 'limit-context', 'unresolved'],
      ['failed', 'model-refusal', 'unresolved'],
      ['limit', 'limit-steps', 'resolved'],
      ['limit', 'limit-steps', 'resolved'],
    ]);
  });

  test('a sandbox ended by its disk limit is the attempt reaching a limit', async () => {
    const record = await go(await newRun({}, ['a']), {
      backend: Object.assign(Object.create(backend) as HostBackend, {
        create: async (spec: Parameters<HostBackend['create']>[0]) => {
          const sandbox = await backend.create(spec);
          return spec.labels?.purpose === 'solve' ? endedBy(sandbox, 'disk-limit') : sandbox;
        },
      }),
      capturePatch: async () => {
        throw infra('sandbox-died');
      },
    });
    expect(record.attempts[0]).toMatchObject({
      outcome: { status: 'limit', failure: { code: 'sandbox-disk-full' } },
      patchDigest: null,
      report: { verdict: 'empty-patch' },
    });
  });

  test('grading that meets infrastructure failures is tried again, then its verdict says so', async () => {
    let failuresLeft = 1;
    const record = await go(await newRun({}, ['a', 'b']), {
      gradeAttempt: async (input) => {
        if (input.instance.instanceId === 'b' || failuresLeft-- > 0) throw infra('internal', 'grader lost');
        return await gradeByComparing(input);
      },
    });
    expect(states(record)).toEqual(['a1 finished', 'b1 failed']);
    expect(record.attempts[1]?.report).toMatchObject({ verdict: 'infra-error', failure: { message: 'grader lost' } });
    expect(typesOf('b').filter((type) => type === 'note')).toHaveLength(2);
    const resumed = await again({
      openModel: async () => {
        throw new Error('grading needs no model');
      },
    });
    expect(states(resumed)).toEqual(['a1 finished', 'b1 finished']);
  });

  test('a patch that is not the one that was taken is not graded', async () => {
    const control = new RunControl();
    await go(
      await newRun({}, ['a', 'b']),
      {
        capturePatch: async (sandbox, options) => {
          control.pause();
          return await captureAnswer(sandbox, options);
        },
      },
      { control, jobs: 1 },
    );
    await writeFile(join(runs, 'r/attempts/a/1/patch.diff'), 'forged');
    const record = await again();
    expect(states(record)).toEqual(['a1 solved-ungraded', 'b1 finished']);
    expect(record).toMatchObject({ status: 'failed', failure: { code: 'store-invalid' } });
    expect(JSON.stringify(events)).toContain('not the one that was taken');
  });
});

describe('the run stops when going on makes no sense', () => {
  test('a refused key: attempts stay where they are and go on when the key works', async () => {
    model.before = (_instance, step) => {
      if (step === 3) throw new AssayError('model-auth', 'key refused', { class: 'model', retryable: false });
    };
    const record = await go(await newRun(), {}, { jobs: 2 });
    expect(record).toMatchObject({ status: 'failed', failure: { code: 'model-auth' } });
    expect(states(record).filter((one) => one.endsWith('running')).length).toBeLessThanOrEqual(2);
    expect(record.attempts.every((one) => one.outcome === null)).toBe(true);
    model.before = () => {};
    const resumed = await again();
    expect(resumed.status).toBe('completed');
    expect(resumed).not.toHaveProperty('failure');
    expect(model.paidTwice).toEqual([]);
  });

  test('no model at all', async () => {
    const record = await go(await newRun(), {
      openModel: async () => {
        throw new AssayError('model-key-missing', 'no key', { class: 'input', retryable: false });
      },
    });
    expect(record).toMatchObject({ status: 'failed', failure: { code: 'model-key-missing' } });
    expect(backend.created).toEqual([]);
  });

  test('a dead backend', async () => {
    backend.onCreate = () => {
      backend.available = false;
      throw infra('sandbox-create-failed', 'the helper is gone');
    };
    const record = await go(await newRun());
    expect(record).toMatchObject({ status: 'failed', failure: { code: 'sandbox-unavailable' } });
    expect(record.failure?.message).toContain('It is switched off.');
    expect(record.attempts.every((one) => one.state === 'pending')).toBe(true);
    backend.onCreate = () => {};
    backend.available = true;
    expect((await again()).status).toBe('completed');
  });

  test("the run's budget is spent", async () => {
    model.before = (_instance, step) => {
      if (step === 2)
        throw new AssayError('limit-cost', 'spent', { class: 'limit', retryable: false, details: { scope: 'run' } });
    };
    const record = await go(await newRun());
    expect(record).toMatchObject({ status: 'failed', failure: { code: 'limit-cost' } });
    expect(record.attempts.every((one) => one.outcome === null)).toBe(true);
  });

  test('events that cannot be made durable', async () => {
    const run = await newRun();
    let room = 12;
    const full: OpenRun = {
      ...run,
      append: async (event) => {
        if (room-- <= 0) throw new AssayError('disk-full', 'no room', { class: 'infra', retryable: true });
        await run.append(event);
      },
    };
    await expect(go(full)).rejects.toMatchObject({ code: 'disk-full' });
    const record = await again();
    expect(states(record)).toEqual(IDS.map((id) => `${id}1 finished`));
  });

  test('a scripted model with steps left over', async () => {
    model.close = async () => {
      throw new AssayError('script-unconsumed', 'two steps left', { class: 'model', retryable: false });
    };
    const record = await go(await newRun());
    expect(record).toMatchObject({ status: 'failed', failure: { code: 'script-unconsumed' } });
    expect(record.attempts.every((one) => one.state === 'finished')).toBe(true);
  });
});

describe('stopping and resuming', () => {
  test('pause: steps are finished, nothing new begins, and the end is the same as without a pause', async () => {
    const whole = await go(await newRun());
    await rm(join(runs, 'r'), { recursive: true });
    model = bench.model = new CountingModel();
    const pauses = [1, 4, 7, 11];
    let record = await (async () => {
      let run = await newRun();
      for (const pauseAt of pauses) {
        const control = new RunControl();
        model.before = () => {
          if (model.paid.size >= pauseAt) control.pause();
        };
        const part = await go(run, {}, { control });
        expect(part.status).toBe('interrupted');
        expect(part.attempts.some((one) => one.state !== 'finished')).toBe(true);
        run = await openRun(join(runs, 'r'));
      }
      model.before = () => {};
      return await go(run);
    })();
    expect(record.status).toBe('completed');
    expect(comparable(record)).toEqual(comparable(whole));
    expect(model.paidTwice).toEqual([]);
    expect(events.filter((one) => one.type === 'run-resume')).toHaveLength(4);
    // Nothing is left: a further resume asks for nothing and changes nothing.
    const asked = model.paid.size;
    record = await again();
    expect(comparable(record)).toEqual(comparable(whole));
    expect(model.paid.size).toBe(asked);
  });

  test('abort: stops at once in the middle of a command', async () => {
    const control = new RunControl();
    const run = await newRun({}, ['a']);
    const began = performance.now();
    const record = await go(
      run,
      {
        openWorkspace: async (sandbox, options) => {
          const workspace = await openWorkspaceDouble(sandbox, options);
          const shell = workspace.shell;
          const slow: typeof shell = Object.assign(Object.create(shell) as typeof shell, {
            run: (command: string, more?: Parameters<typeof shell.run>[1]) => {
              setTimeout(() => control.abort(), 50);
              return shell.run(`${command}; sleep 30`, more);
            },
          });
          return { ...workspace, shell: slow };
        },
      },
      { control },
    );
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(record).toMatchObject({ status: 'interrupted', attempts: [{ state: 'running', totals: { steps: 1 } }] });
    expect((await again()).attempts[0]).toMatchObject({ state: 'finished', report: { resolved: true } });
    expect(model.paidTwice).toEqual([]);
  });

  test('an attempt that is solved but has no verdict is only graded', async () => {
    const control = new RunControl();
    const first = await go(
      await newRun({}, ['a']),
      {
        gradeAttempt: async ({ signal }) => {
          control.abort();
          throw signal.reason;
        },
      },
      { control },
    );
    expect(first).toMatchObject({ status: 'interrupted', attempts: [{ state: 'solved-ungraded' }] });
    const paid = model.paid.size;
    const second = await again();
    expect(second.attempts[0]).toMatchObject({ state: 'finished', report: { resolved: true } });
    expect(model.paid.size).toBe(paid);
    expect(backend.created).toHaveLength(2);
  });

  test('refuses to go on when something that was locked has changed, naming it', async () => {
    const run = await newRun({ agent: { name: 'two-tool', digest: 'other' } });
    const changed = [{ ...instanceOf('a'), digest: 'new' }, instanceOf('b'), instanceOf('c')];
    await expect(go(run, {}, { instances: changed })).rejects.toMatchObject({
      code: 'config-invalid',
      details: {
        problems: [
          'task a has changed',
          'task d is gone from fixture',
          'the agent two-tool has changed (prompt, tools or parameters)',
        ],
      },
    });
    await rm(join(runs, 'r'), { recursive: true });
    const record = await go(await newRun({ model: { id: 'double/other', parameters: {} } }));
    expect(record).toMatchObject({ status: 'failed', failure: { code: 'config-invalid' } });
    expect(record.failure?.message).toContain('the model is double/model, it was double/other');
    expect(model.closed).toBe(1);
  });
});
