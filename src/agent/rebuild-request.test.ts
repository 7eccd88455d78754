import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentBench } from '../../test/support/agent-bench.ts';
import { callPart, type DoubleLine, ModelDouble, textPart } from '../../test/support/model-double.ts';
import { digestOf } from '../base/digest.ts';
import type { ModelRequest, UserMessage } from '../contracts/index.ts';
import { workTreeCheckpoints } from '../run/work-tree-checkpoints.ts';
import { rebuildRequest } from './rebuild-request.ts';
import { createTwoToolAgent } from './two-tool-agent.ts';

let bench: AgentBench;
beforeEach(() => {
  bench = new AgentBench();
});
afterEach(() => bench.close());

const bash = (command: string): DoubleLine => ({ content: [callPart(command, 'bash', { command })] });

test('every request of an attempt with an empty answer, an answer cut off and a step back is rebuilt to the letter', async () => {
  const circle = bash('echo same');
  const model = new ModelDouble([
    bash('echo one'),
    { content: [textPart(' ')] },
    { content: [textPart('I will')], stopReason: 'max-tokens' },
    ...Array.from({ length: 4 }, () => circle),
    bash('echo two; exit 3'),
    { content: [textPart('done')] },
  ]);
  const checkpoints = workTreeCheckpoints(bench.sandbox, `${bench.sandbox.root}/checkpoints`);
  await bench.run(createTwoToolAgent({ recovery: { valueFall: null, maxInterventions: 1 } }), model, { checkpoints });
  expect(bench.events.some((event) => event.type === 'intervention' && event.kind === 'rollback')).toBe(true);

  const opening = bench.events.find((event) => event.type === 'prompt-start');
  const fixed = { system: opening?.system, ...opening?.fixed } as Omit<ModelRequest, 'messages'>;
  const first = opening?.firstMessage as UserMessage;
  for (const [at, sent] of model.requests.entries()) {
    const request = rebuildRequest({ fixed, first, recorded: bench.recorded.slice(0, at) });
    expect(request).toEqual(sent);
    const noted = bench.events.find((event) => event.type === 'step-start' && event.step === at + 1);
    expect(noted).toMatchObject({ requestDigest: digestOf(request) });
  }
});
