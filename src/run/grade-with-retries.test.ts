import { expect, test } from 'vitest';
import { environmentOf, environments, HostBackend, instanceOf, reportOf } from '../../test/support/run-doubles.ts';
import { sandboxLimitsSchema } from '../contracts/index.ts';
import { gradeWithRetries } from './grade-with-retries.ts';
import type { GradeAttempt } from './ports.ts';
import { RunControl, RunStop } from './run-control.ts';

/** Grades a patch whose tests fail on two tries and pass on the third; `pauseOn`: the try during which the run is paused. */
async function graded(pauseOn: number) {
  const stop = new RunStop(new RunControl());
  const again: string[] = [];
  let tries = 0;
  const gradeAttempt: GradeAttempt = async ({ patch, beforeTry }) => {
    for (tries = 1; tries < 3; tries++) {
      if (tries === pauseOn) stop.control.pause();
      await beforeTry?.(tries + 1, 'unresolved');
    }
    return { report: reportOf('a', true, patch), testOutput: '', evalScript: '' };
  };
  const result = await gradeWithRetries(
    {
      instance: instanceOf('a'),
      environment: environmentOf('a'),
      patch: 'x',
      limits: sandboxLimitsSchema.parse({}),
    },
    {
      stop,
      policy: { retries: 2, sleep: async () => {} },
      ports: { backend: new HostBackend(), environments, gradeAttempt },
      onRetry: async ({ code }) => void again.push(code),
      onTry: async (number, verdict) => void again.push(`${verdict} ${number}`),
    },
  );
  return { tries, again, verdict: result?.report.verdict };
}

test('each further run of the tests is told', async () => {
  expect(await graded(0)).toEqual({ tries: 3, again: ['unresolved 2', 'unresolved 3'], verdict: 'resolved' });
});

test('a paused run begins no further run of the tests and takes no verdict', async () => {
  expect(await graded(2)).toEqual({ tries: 2, again: ['unresolved 2'], verdict: undefined });
});
