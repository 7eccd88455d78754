/** Lookahead that tries each candidate's action in a copy of the sandbox, on a real task: the critic sees what would come of it, and the attempt's own sandbox sees the chosen one alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createToolSet, toolTypesFor } from '../../src/agent/tool-set.ts';
import { createTwoToolAgent } from '../../src/agent/two-tool-agent.ts';
import { assayPaths } from '../../src/base/paths.ts';
import type { Critic } from '../../src/contracts/index.ts';
import { lookaheadModel } from '../../src/model/lookahead-model.ts';
import { tryInForks } from '../../src/run/try-in-forks.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { openWorkspace } from '../../src/sandbox/workspace.ts';
import { describeRequiring } from '../support/requirements.ts';
import { bash, scriptedAttempt } from '../support/scripted-attempt.ts';
import { FIX } from '../support/split-cent.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-lookahead-'));
const paths = assayPaths(home);
const backend = createNativeBackend({ paths });
const probe = await backend.probe();
afterAll(async () => {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
});

const WHERE = 'pwd; echo "mark $MARK"; hello';
const STEPS = [
  // One candidate alone: the script has no second one.
  bash('cd src; export MARK=here; hello() { echo "hello you"; }'),
  {
    ...bash(`${WHERE}; rm allocate.js`),
    alternatives: [{ calls: [{ tool: 'str_replace_based_edit_tool', input: FIX }] }],
  },
  { ...bash(`${WHERE}; git status --short`), alternatives: [bash('cat no-such-file')] },
  { say: 'Done.' },
];

/** Sees only what an action brings: an edit is good, a failed command bad. */
const critic: Critic = {
  name: 'sees what comes of it',
  calibrated: false,
  async score({ messages }) {
    const last = JSON.stringify(messages.at(-1));
    const final = last.includes('No such file') ? 0 : last.includes('has been edited') ? 1 : 0.5;
    return { perTurn: [], final, cost: { kind: 'measured', usd: 0.001 } };
  },
  close: async () => {},
};

function attempt() {
  return scriptedAttempt({
    home,
    backend,
    runId: 'looks-ahead',
    agent: createTwoToolAgent(),
    steps: STEPS,
    ports: ({ model: { id } }) => ({
      attemptModel: (model, place) => {
        const newTools = () => createToolSet(toolTypesFor(id));
        return lookaheadModel(model, {
          critic,
          count: 2,
          tryReplies: tryInForks({ ...place, newTools, openWorkspace }),
        });
      },
    }),
  });
}

describeRequiring('sandboxes', probe.available ? undefined : probe.notes.join(' '), 'lookahead with forks', () => {
  test('the harmful candidate is tried in a copy and not taken; the shell goes on where it was', async () => {
    const { record, events } = await attempt();
    const [solved] = record.attempts;
    expect(solved?.outcome).toMatchObject({ status: 'done' });
    expect(solved?.report?.verdict).toBe('resolved');
    const steps = events.flatMap((event) => (event.type === 'reply-end' ? [event.reply] : []));
    expect(steps[0]?.lookahead).toMatchObject({ failed: 1, chosen: 0, candidates: [{ value: 0.5 }] });
    const [harmful, right] = steps[1]?.lookahead?.candidates ?? [];
    expect(steps[1]?.lookahead).toMatchObject({ chosen: 1, failed: 0 });
    expect(harmful?.value).toBe(0.5);
    expect(right?.value).toBe(1);
    // The copy began where the agent stood.
    const tried = JSON.stringify(harmful?.trial?.results);
    expect(tried).toContain('/testbed/src\\nmark here\\nhello you');
    expect(steps[2]?.lookahead?.candidates.map(({ value }) => value)).toEqual([0.5, 0]);
    // What the harmful one did in its copy has not happened; the edit has, once.
    const seen = events.flatMap((event) => (event.type === 'tool-end' ? [JSON.stringify(event.result.content)] : []));
    expect(seen).toHaveLength(3);
    expect(seen[2]).toContain('/testbed/src\\nmark here\\nhello you\\n M allocate.js');
    // Six replies came, and each had a value.
    expect(solved?.totals?.usd).toBeCloseTo(6 * 0.01 + 6 * 0.001, 9);
  });
});
