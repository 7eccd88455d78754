/** An attempt that destroys its repository, on a real task in real sandboxes: brought back it resolves, left alone it does not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createTwoToolAgent } from '../../src/agent/two-tool-agent.ts';
import { assayPaths } from '../../src/base/paths.ts';
import { type Critic, type RunEvent, sandboxLimitsSchema } from '../../src/contracts/index.ts';
import { loadDataset } from '../../src/dataset/load-dataset.ts';
import { createEnvironmentBuilder } from '../../src/environment/environment-builder.ts';
import { capturePatch } from '../../src/grading/capture-patch.ts';
import { gradeAttempt } from '../../src/grading/grade-attempt.ts';
import { openScriptedModel } from '../../src/model/scripted-model.ts';
import { runReport, runReportText } from '../../src/report/run-report.ts';
import { runAll } from '../../src/run/run-all.ts';
import { workTreeCheckpoints } from '../../src/run/work-tree-checkpoints.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { openWorkspace } from '../../src/sandbox/workspace.ts';
import { shortestCritic } from '../../src/select/baseline-critics.ts';
import { createRun } from '../../src/store/file-run-store.ts';
import { loadTrajectory } from '../../src/store/load-trajectory.ts';
import { describeRequiring } from '../support/requirements.ts';
import { manifestOf } from '../support/run-fixtures.ts';
import { FIX, TASK } from '../support/split-cent.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-recovery-'));
const paths = assayPaths(home);
const backend = createNativeBackend({ paths });
const probe = await backend.probe();
afterAll(async () => {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
});

const bash = (command: string) => ({ calls: [{ tool: 'bash', input: { command } }] });
const SCRIPT = {
  usdPerReply: 0.01,
  instances: {
    [TASK]: [
      { say: 'Here it is.', calls: [{ tool: 'str_replace_based_edit_tool', input: FIX }] },
      bash('cd src; rm -rf ../src ../test; cat allocate.js'),
      bash('pwd; git status --short'),
      { say: 'Done.' },
    ],
  },
};

/** Sees files that are gone. */
const critic: Critic = {
  ...shortestCritic,
  name: 'sees what is gone',
  async score({ messages }) {
    const gone = JSON.stringify(messages.at(-1)).includes('No such file');
    return { perTurn: [gone ? 0.1 : 0.8], final: 0, cost: { kind: 'measured', usd: 0.001 } };
  },
};

async function attempt(runId: string, recover: boolean) {
  const script = join(home, 'script.json');
  writeFileSync(script, JSON.stringify(SCRIPT));
  const dataset = await loadDataset('tasks/starter');
  const instances = dataset.instances.filter((one) => one.instanceId === TASK);
  const agent = createTwoToolAgent(recover ? { recovery: { valueFall: 0.5, maxInterventions: 3 } } : {});
  const manifest = manifestOf(runId, [], {
    dataset: {
      name: dataset.name,
      reference: dataset.reference,
      digest: dataset.digest,
      instances: instances.map(({ instanceId, digest, task }) => ({ instanceId, digest, repo: task.repo })),
    },
    agent: { name: agent.name, digest: agent.digest },
    model: { id: `scripted:${script}`, parameters: {} },
    sandboxLimits: sandboxLimitsSchema.parse({}),
  });
  const run = await createRun(join(home, 'runs'), manifest);
  const events: RunEvent[] = [];
  try {
    const record = await runAll({
      run,
      instances,
      jobs: 1,
      observe: (event) => events.push(event),
      ports: {
        backend,
        environments: createEnvironmentBuilder({ backend, paths }),
        gradeAttempt,
        agent,
        openModel: () => openScriptedModel(script),
        capturePatch,
        openWorkspace: (sandbox) => openWorkspace(sandbox),
        checkpoints: (sandbox) => workTreeCheckpoints(sandbox),
        critic,
      },
    });
    return { record, events };
  } finally {
    await run.close();
  }
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
