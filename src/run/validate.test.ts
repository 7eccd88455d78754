import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { environments, HostBackend, instanceOf, reportOf } from '../../test/support/run-doubles.ts';
import { runHostProcess } from '../base/host-process.ts';
import { AssayError, type Dataset, sandboxLimitsSchema } from '../contracts/index.ts';
import { NO_CHANGE_PATCH } from '../grading/no-change-patch.ts';
import type { GradeAttempt } from './ports.ts';
import { RunControl } from './run-control.ts';
import { type ValidateOptions, validate } from './validate.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'assay-validate-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const ids = ['good', 'flaky', 'gold-wrong', 'too-easy', 'no-environment', 'no-gold', 'infra'];
const dataset: Dataset = { name: 'd', reference: 'd', digest: 'x', instances: ids.map(instanceOf) };

function options(more: Partial<ValidateOptions> = {}): ValidateOptions {
  let flaky = 0;
  const gradeAttempt: GradeAttempt = async ({ instance: { instanceId }, patch }) => {
    if (instanceId === 'infra') throw new AssayError('sandbox-died', 'gone', { class: 'infra', retryable: true });
    const gold = patch !== NO_CHANGE_PATCH;
    const resolved =
      instanceId === 'gold-wrong'
        ? false
        : instanceId === 'too-easy' || (gold && (instanceId !== 'flaky' || flaky++ !== 1));
    return {
      report: reportOf(instanceId, resolved, patch),
      testOutput: `${instanceId} ${resolved}`,
      evalScript: 'run',
    };
  };
  return {
    dataset,
    times: 3,
    jobs: 3,
    sandboxLimits: sandboxLimitsSchema.parse({}),
    policy: { retries: 1, sleep: async () => {} },
    dir,
    ports: {
      backend: new HostBackend(),
      gradeAttempt,
      environments: {
        ensure: async (instance, signal) => {
          if (instance.instanceId !== 'no-environment') return await environments.ensure(instance, signal);
          throw new AssayError('environment-build-failed', 'make: no', { class: 'task', retryable: false });
        },
        gold: async (instance, signal) => {
          if (instance.instanceId !== 'no-gold') return await environments.gold(instance, signal);
          throw new AssayError('gold-derivation-failed', 'no difference', { class: 'task', retryable: false });
        },
      },
    },
    ...more,
  };
}

test('says of each instance whether gold resolves, no change does not, and whether that is steady', async () => {
  const seen: string[] = [];
  const report = await validate(options({ observe: (event) => seen.push(event.type) }));
  expect(Object.fromEntries(report.instances.map((one) => [one.instanceId, one.status]))).toEqual({
    good: 'valid',
    flaky: 'flaky',
    'gold-wrong': 'gold-unresolved',
    'too-easy': 'empty-resolved',
    'no-environment': 'failed',
    'no-gold': 'failed',
    infra: 'failed',
  });
  expect(report).toMatchObject({ complete: true, counts: { valid: 1, flaky: 1, failed: 3 }, times: 3 });
  const of = (id: string) => report.instances.find((one) => one.instanceId === id);
  expect(of('good')?.gold.map((one) => one.verdict)).toEqual(['resolved', 'resolved', 'resolved']);
  expect(of('good')?.empty.map((one) => one.verdict)).toEqual(['unresolved', 'unresolved', 'unresolved']);
  expect(of('flaky')?.flakyTests).toEqual(['a']);
  expect(of('no-environment')?.failure).toMatchObject({ code: 'environment-build-failed' });
  expect(of('no-gold')?.failure).toMatchObject({ code: 'gold-derivation-failed' });
  expect(of('infra')?.failure).toMatchObject({ code: 'sandbox-died' });
  expect(JSON.parse(await readFile(join(dir, 'validation.json'), 'utf8'))).toEqual(report);
  expect(await readFile(join(dir, 'good/gold-3.txt'), 'utf8')).toBe('good true');
  expect(seen.filter((type) => type === 'validation-grade')).toHaveLength(30);
});

test('stopped early, it says what is not known', async () => {
  const control = new RunControl();
  const report = await validate(
    options({
      control,
      jobs: 1,
      observe: (event) => {
        if (event.type === 'validation-grade' && event.patch === 'empty') control.pause();
      },
    }),
  );
  expect(report.complete).toBe(false);
  expect(report.counts.incomplete).toBe(7);
  expect(report.instances[0]).toMatchObject({ gold: [{ verdict: 'resolved' }], empty: [{ verdict: 'unresolved' }] });
});

test('a stop ends what is under way: no verdict, no further try, nothing new', async () => {
  const control = new RunControl();
  const began: string[] = [];
  const seen: string[] = [];
  const gradeAttempt: GradeAttempt = async ({ instance: { instanceId }, signal, beforeTry }) => {
    began.push(instanceId);
    await beforeTry?.(2, 'unresolved');
    const ended = new Promise((resolve) => signal.addEventListener('abort', resolve));
    control.pause();
    await ended;
    throw new AssayError('sandbox-died', 'taken down', { class: 'infra', retryable: true });
  };
  const observe: ValidateOptions['observe'] = (event) => {
    if (event.type.startsWith('validation')) seen.push(event.type === 'validation-again' ? event.reason : event.type);
  };
  const given = options();
  const report = await validate({ ...given, control, jobs: 1, observe, ports: { ...given.ports, gradeAttempt } });
  expect(began).toEqual(['good']);
  expect(seen).toEqual(['validation-start', 'unresolved; try 2 of its tests']);
  expect(report).toMatchObject({ complete: false, counts: { incomplete: 7 } });
});

test('an infrastructure failure that is tried again is shown', async () => {
  const reasons: string[] = [];
  const one = { ...dataset, instances: dataset.instances.filter(({ instanceId }) => instanceId === 'infra') };
  const observe: ValidateOptions['observe'] = (event) => {
    if (event.type === 'validation-again') reasons.push(`${event.patch} ${event.round} ${event.reason}`);
  };
  await validate(options({ dataset: one, times: 1, observe }));
  expect(reasons).toEqual(['gold 1 sandbox-died: gone', 'empty 1 sandbox-died: gone']);
});

test('the patch that stands for no change applies', async () => {
  await runHostProcess(['git', 'init', '-q'], { cwd: dir });
  const applied = await runHostProcess(['git', 'apply', '-'], { cwd: dir, input: NO_CHANGE_PATCH });
  expect(applied).toMatchObject({ code: 0 });
  expect(await readFile(join(dir, '.assay-no-change'), 'utf8')).toBe('');
});
