/** An attempt that destroys its repository, on a real task in real sandboxes: brought back it resolves, left alone it does not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createTwoToolAgent } from '../../src/agent/two-tool-agent.ts';
import { assayPaths } from '../../src/base/paths.ts';
import type { Critic } from '../../src/contracts/index.ts';
import { runReport, runReportText } from '../../src/report/run-report.ts';
import { workTreeCheckpoints } from '../../src/run/work-tree-checkpoints.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { shortestCritic } from '../../src/select/baseline-critics.ts';
import { loadTrajectory } from '../../src/store/load-trajectory.ts';
import { describeRequiring } from '../support/requirements.ts';
import { bash, scriptedAttempt } from '../support/scripted-attempt.ts';
import { FIX } from '../support/split-cent.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-recovery-'));
const paths = assayPaths(home);
const backend = createNativeBackend({ paths });
const probe = await backend.probe();
afterAll(async () => {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
});

const STEPS = [
  { say: 'Here it is.', calls: [{ tool: 'str_replace_based_edit_tool', input: FIX }] },
  bash('cd src; rm -rf ../src ../test; cat allocate.js'),
  bash('pwd; git status --short'),
  { say: 'Done.' },
];

/** Sees files that are gone. */
const critic: Critic = {
  ...shortestCritic,
  name: 'sees what is gone',
  async score({ messages }) {
    const gone = JSON.stringify(messages.at(-1)).includes('No such file');
    return { perTurn: [gone ? 0.1 : 0.8], final: 0, cost: { kind: 'measured', usd: 0.001 } };
  },
};

function attempt(runId: string, recover: boolean) {
  return scriptedAttempt({
    home,
    backend,
    runId,
    agent: createTwoToolAgent(recover ? { recovery: { valueFall: 0.5, maxInterventions: 3 } } : {}),
    steps: STEPS,
    ports: () => ({ checkpoints: (sandbox) => workTreeCheckpoints(sandbox), critic }),
  });
}

describeRequiring(
  'sandboxes',
  probe.available ? undefined : probe.notes.join(' '),
  'recovery of a destroyed repository',
  () => {
    test('the fall of the value brings it back, and the attempt resolves', async () => {
      const { record, events } = await attempt('recovered', true);
      const [solved] = record.attempts;
      if (solved === undefined) throw new Error('no attempt');
      expect(solved.report?.verdict).toBe('resolved');
      expect(events.filter((event) => event.type === 'intervention')).toMatchObject([
        { step: 2, kind: 'rollback', reason: 'value-fall', toStep: 1 },
      ]);
      // Back in the work directory, with the fix and nothing else changed.
      const seen = events.flatMap((event) => (event.type === 'tool-end' ? [JSON.stringify(event.result.content)] : []));
      expect(seen.at(-1)).toContain('/testbed\\n M src/allocate.js');
      expect(solved.totals).toMatchObject({ interventions: 1 });
      // Four replies and three values: the last step ends the attempt and is valued as well.
      expect(solved.totals?.usd).toBeCloseTo(0.04 + 0.004, 9);
      const { messages } = await loadTrajectory(record, solved);
      expect(messages.map((message) => message.role)).toEqual([
        'user',
        'assistant',
        'tool',
        'user',
        'assistant',
        'tool',
        'assistant',
      ]);
      expect(runReportText(runReport(record))).toContain(
        'recovery stepped in 1 time in 1 attempt: 1 of 1 resolved, 100.0 % [20.7 %, 100.0 %]; where it did not: none judged',
      );
    });

    test('left alone it does not', async () => {
      const { record, events } = await attempt('alone', false);
      expect(record.attempts[0]?.report?.resolved).toBe(false);
      expect(events.some((event) => event.type === 'intervention')).toBe(false);
    });
  },
);
