import { expect, test } from 'vitest';
import { manifestOf, replyOf } from '../../test/support/run-fixtures.ts';
import type { CandidateReply, RunEvent } from '../contracts/index.ts';
import { runReport, runReportText } from '../report/run-report.ts';
import { AttemptFold } from '../store/fold-attempt.ts';
import { applyEvent, newProgress } from './progress-state.ts';

const ref = { at: '2026-01-01T00:00:00Z', instanceId: 'one', attempt: 1 };
const base = replyOf('a', { cost: { kind: 'measured', usd: 0.5 } });
const candidate: CandidateReply = {
  message: base.message,
  stopReason: 'end',
  usage: base.usage,
  cost: base.cost,
  value: null,
};
const reply = {
  ...base,
  lookahead: {
    candidates: [candidate, candidate],
    chosen: 0,
    failed: 2,
    critic: 'judge',
    criticCost: { kind: 'unknown' as const },
  },
};
const EVENTS: RunEvent[] = [
  { type: 'reply-end', ...ref, step: 1, reply },
  { type: 'score-end', ...ref, critic: 'judge', score: 0.25, cost: { kind: 'unknown' } },
];

test('scores and failed calls of lookahead stand in progress and report', () => {
  const progress = newProgress(1, 0);
  expect(EVENTS.map((event) => applyEvent(progress, event, 0))).toEqual([
    'one: step 1: 2 of 3 further replies failed',
    'one: score 0.250 of judge',
  ]);
  const fold = new AttemptFold({ instanceId: 'one', attempt: 1 }, 'r');
  for (const event of EVENTS) fold.add(event);
  const manifest = manifestOf('r', ['one']);
  const report = runReport({ manifest, status: 'completed', attempts: [fold.record()], dir: '/r' });
  expect(report).toMatchObject({
    lookahead: { asked: 3, failed: 2 },
    scores: { attempts: 1, usd: 0, unknownCosts: 1 },
    rows: [{ score: { critic: 'judge', value: 0.25 } }],
  });
  const text = runReportText(report);
  expect(text).toMatch(/one .* score 0\.250$/m);
  expect(text).toContain('lookahead asked for 3 further replies; 2 of them failed');
  expect(text).toContain('a critic scored 1 attempt: cost unknown (1 reply without a price), no part of the sum below');
});

test('what stopped a run is told with the way out of it', () => {
  const failure = { code: 'sandbox-unavailable', class: 'infra', message: 'no sandbox', retryable: false } as const;
  const end = (hint: object): RunEvent => ({
    type: 'run-end',
    runId: 'r',
    at: ref.at,
    status: 'failed',
    failure: { ...failure, ...hint },
  });
  expect(applyEvent(newProgress(1, 0), end({ hint: 'Make one.' }), 0)).toBe('run failed: no sandbox (Make one.)');
  expect(applyEvent(newProgress(1, 0), end({}), 0)).toBe('run failed: no sandbox');
});
