import { expect, test } from 'vitest';
import type { RunEvent } from '../contracts/index.ts';
import { TotalsFold } from './fold-totals.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const ref = { instanceId: 'one', attempt: 1 };
const toolEnd = (seconds: number, repeated?: 'same' | 'different'): RunEvent => ({
  type: 'tool-end',
  at: at(seconds),
  ...ref,
  step: 1,
  result: { callId: 'a', name: 'bash', content: [], isError: false },
  durationMs: 1,
  ...(repeated === undefined ? {} : { repeated }),
});

test('wall time leaves out the time between processes, and running recorded commands again', () => {
  const fold = new TotalsFold();
  const sandbox = {
    id: 's',
    backend: 'b',
    tier: 't',
    limitsInForce: { memory: 'none', pids: 'none', cpu: 'none', disk: 'none', wall: 'none' },
  } as const;
  fold.add({ type: 'attempt-start', at: at(0), ...ref, environmentDigest: 'e', baseCommit: 'c', sandbox });
  fold.add(toolEnd(10));
  fold.add({ type: 'attempt-resume', at: at(1000), ...ref, fromStep: 2 });
  fold.add(toolEnd(1300, 'same'));
  fold.add(toolEnd(1305));
  expect(fold.totals().wallMs).toBe(15_000);
});
