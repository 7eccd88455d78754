import { expect, test } from 'vitest';
import { instanceOf } from '../../test/support/run-doubles.ts';
import type { AttemptRecord, RunRecord, TaskInstance } from '../contracts/index.ts';
import { payoutReport } from '../payout/payout-report.ts';
import { payoutSvg } from './payout-svg.ts';
import { dollars, payoutText } from './payout-text.ts';

const exact = { reviewUsd: 5, falseAccept: 0, falseReject: 0 };

function priced(id: string, amount: number, more: Partial<TaskInstance['task']> = {}): TaskInstance {
  const instance = instanceOf(id);
  return { ...instance, task: { ...instance.task, price: { amount, currency: 'USD', basis: 'paid' }, ...more } };
}

const choice = {
  proposals: [
    { id: 'p', file: 'p' },
    { id: 'q', file: 'q' },
  ],
  answer: 'q',
  shuffleSeed: 0,
};
const INSTANCES = [
  priced('A', 100, { tags: ['bug'] }),
  priced('B', 400, { group: 'job' }),
  {
    ...priced('C', 500, { choice, group: 'job' }),
    proposals: [
      { id: 'p', text: 'long' },
      { id: 'q', text: 'q' },
    ],
  },
  instanceOf('free'),
];

function attempt(instanceId: string, number: number, resolved: boolean | null, usd: number): AttemptRecord {
  const verdict = resolved === null ? 'infra-error' : resolved ? 'resolved' : 'unresolved';
  return {
    ...{ instanceId, attempt: number, repo: 'r', state: resolved === null ? 'failed' : 'finished' },
    ...{ environmentDigest: null, outcome: null, patchDigest: null, patchBytes: 0 },
    totals: { usd, unknownCosts: usd < 0 ? 1 : 0 },
    report: { verdict, resolved: resolved === true },
  } as AttemptRecord;
}

function runOf(attempts: AttemptRecord[]): RunRecord {
  const instances = INSTANCES.map((one) => ({ instanceId: one.instanceId, digest: one.digest, repo: 'r' }));
  const manifest = { runId: 'r<1>', dataset: { reference: 'tasks/x', instances }, model: { id: 'm' } };
  return { manifest, status: 'completed', attempts, dir: '/' } as unknown as RunRecord;
}

const ATTEMPTS = [
  ...[attempt('A', 1, true, 1), attempt('A', 2, false, 1), attempt('B', 1, false, 2), attempt('B', 2, false, 2)],
  ...[attempt('C', 1, true, 1), attempt('C', 2, true, 1), attempt('free', 1, true, 1)],
];

test('the worked example, from a run to words', () => {
  const text = payoutText(payoutReport(runOf(ATTEMPTS), INSTANCES, exact));
  for (const words of [
    'earned $550 of $1,000 (55.0 %, 3 tasks)',
    'without a price: free',
    '$400 of it are bounties counted again: each once makes $600',
    'choosing at random: 0.5 of 1 manager task, $250 of $500',
    'cost $8.00: $1.33 per attempt, $2.67 per attempt that passed, $0.0073 per dollar earned',
    'k = 1: payout@1 $550 of $1,000 (3 tasks) for $19.00, return 27.9; freelancer on failure: $469, saves 53.1 %',
    'k = 2: payout@2 $600',
    'attempts pay up to k = 2',
  ])
    expect(text).toContain(words);
});

test('infrastructure and unknown costs are neither failures nor zero', () => {
  const report = payoutReport(runOf([attempt('A', 1, null, 1), attempt('B', 1, true, -1)]), INSTANCES, exact);
  const text = payoutText(report);
  expect(text).toContain('earned $400 of $400 (100.0 %, 1 task, 1 infrastructure failure)');
  expect(text).toContain('infrastructure failures as failures: $400 of $500');
  expect(text).toContain('cost at least $1.00 (1 attempt without a price)');
  expect(text).toContain('cost unknown');
});

test('without a verdict there are no figures', () => {
  const text = payoutText(payoutReport(runOf([attempt('A', 1, null, 1), attempt('B', 1, null, 2)]), INSTANCES, exact));
  expect(text).toContain('No attempt has a verdict: 2 infrastructure failures.');
  expect(text).toContain('cost $3.00: $1.50 per attempt\n');
  expect(text).not.toMatch(/earned \$|pays|interval|looking at/);
  const free = payoutText(payoutReport(runOf([attempt('free', 1, true, 1)]), [instanceOf('free')], exact));
  expect(free).toContain('No task of this run has a price');
});

test('a band of prices without a verdict says nothing', () => {
  const { bands } = payoutReport(runOf([attempt('A', 1, true, 1), attempt('B', 1, null, 1)]), INSTANCES, exact);
  expect(bands).toMatchObject([{ band: 'below $250', attempts: 1, passRate: 1 }]);
});

test('attempts that were not made are told from those that are not finished', () => {
  const open = (state: AttemptRecord['state']) => ({ ...attempt('A', 2, false, 1), state, report: null });
  const text = payoutText(
    payoutReport(runOf([attempt('A', 1, true, 1), open('skipped'), open('running')]), INSTANCES, exact),
  );
  expect(text).toContain('not made, an earlier one was sure enough: 1 attempt\n');
  expect(text).toContain('not in any figure, not finished: 1 attempt\n');
});

test('who looks may err: what is accepted counts, not what is right', () => {
  const erring = { reviewUsd: 5, falseAccept: 0.1, falseReject: 0.2 };
  const attempts = [attempt('A', 1, true, 1), attempt('A', 2, false, 1)];
  expect(payoutText(payoutReport(runOf(attempts), INSTANCES, erring))).toContain(
    'k = 1: payout@1 $50 of $100 (1 task), accepted $40 right and $5 wrong for $6.00, return 4.8; freelancer on failure: $71, saves 29.0 %\n',
  );
});

test('dollars have cents below a hundred', () => {
  expect([0, 62.5, 99.999, 287.5, 1_234.5].map(dollars)).toEqual(['$0', '$62.50', '$100', '$288', '$1,235']);
});

test('a repeated test run is not a pass at once', () => {
  const retried = attempt('B', 1, true, 1);
  if (retried.report !== null) retried.report.passedOnTry = 2;
  expect(payoutReport(runOf([retried]), INSTANCES, exact).earnings.all).toMatchObject({ earned: 400, earnedAtOnce: 0 });
});

test('tasks that changed after the run are named', () => {
  const changed = [...INSTANCES.slice(0, 3), { ...instanceOf('free'), digest: 'another' }];
  expect(payoutText(payoutReport(runOf(ATTEMPTS), changed, exact))).toContain('changed or gone since the run: free\n');
  expect(payoutText(payoutReport(runOf(ATTEMPTS), INSTANCES, exact))).not.toContain('changed');
});

test('the version of the set is that of its prices and groups', () => {
  const version = (instances: TaskInstance[]) => payoutReport(runOf(ATTEMPTS), instances, exact).setVersion;
  expect(version(INSTANCES)).toBe(version([...INSTANCES].reverse()));
  expect(version([priced('A', 101), ...INSTANCES.slice(1)])).not.toBe(version(INSTANCES));
});

test('the plot names every run and has a point per k', () => {
  const svg = payoutSvg([payoutReport(runOf(ATTEMPTS), INSTANCES, exact)]);
  expect(svg).toContain('r&#60;1&#62;');
  expect(svg.match(/k = \d</g)).toHaveLength(2);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test('points over fewer tasks are marked and not joined with the others', () => {
  const svg = payoutSvg([payoutReport(runOf([...ATTEMPTS, attempt('A', 3, true, 1)]), INSTANCES, exact)]);
  expect(svg).toContain('k = 2<');
  expect(svg).toContain('k = 3, 1 task<');
  const joined = svg.match(/<polyline class="line "[^>]*points="([^"]*)"/g) ?? [];
  expect(joined.slice(0, 2).map((line) => line.split(',').length - 1)).toEqual([2, 1]);
});
