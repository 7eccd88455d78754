import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Model } from '../../src/contracts/index.ts';
import { openReplayModel, recordingModel } from '../../src/model/cassette.ts';
import { startOrAttachCourier } from '../../src/model/courier/courier-client.ts';
import { openModel } from '../../src/model/open-model.ts';
import { Budget, budgetedModel } from '../../src/model/priced-model.ts';
import { openPriceBook } from '../../src/model/prices/price-book.ts';
import {
  CONTRACT_CALL,
  CONTRACT_TEXTS,
  contractKey,
  contractRequest,
  describeModel,
  type ModelUnderTest,
} from '../contracts/model-contract.ts';
import { type Behave, startFakeModelServer } from '../support/fake-model-server/fake-model-server.ts';

const prices = await openPriceBook();
const usage = { uncached: 30, cacheRead: 60, cacheWrite: 0, output: 12 };

/** Tells the step by what the conversation holds already, in whatever wire format. */
const behave: Behave = ({ body }) => {
  const asked = JSON.stringify(body);
  const step = asked.includes(CONTRACT_TEXTS[1] ?? '') ? 3 : asked.includes(CONTRACT_TEXTS[0] ?? '') ? 2 : 1;
  const text = CONTRACT_TEXTS[step - 1] ?? '';
  return { kind: 'reply', text, usage, ...(step === 1 ? { calls: [CONTRACT_CALL, CONTRACT_CALL] } : {}) };
};

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'assay-model-'));
}

async function provider(reference: string, withCourier: boolean, wrap?: (model: Model, dir: string) => Model) {
  const dir = folder();
  const server = await startFakeModelServer(behave);
  const opened = await openModel(reference, {
    prices,
    env: { ANTHROPIC_API_KEY: 'k', OPENAI_API_KEY: 'k', GEMINI_API_KEY: 'k' },
    baseUrl: server.url,
    ...(withCourier ? { courier: () => startOrAttachCourier(dir) } : {}),
  });
  const model = wrap?.(opened, dir) ?? opened;
  const made: ModelUnderTest = {
    model,
    source: 'live',
    async cleanUp() {
      await model.close();
      await server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return made;
}

for (const name of ['anthropic/claude-sonnet-4-5', 'openai/gpt-5', 'openai-chat/gpt-5', 'google/gemini-2.5-pro'])
  describeModel(name, () => provider(name, false));
describeModel('openai-compatible/local', () => provider('openai-compatible/local', false));
describeModel('anthropic, recorded and on a budget', () =>
  provider('anthropic/claude-sonnet-4-5', false, (model, dir) =>
    budgetedModel(recordingModel(model, join(dir, 'c.jsonl')), prices, new Budget(5)),
  ),
);

describeModel('replay', async () => {
  const dir = folder();
  const path = join(dir, 'c.jsonl');
  const { model: live, cleanUp } = await provider('openai/gpt-5', false);
  const recorder = recordingModel(live, path);
  for (const step of [1, 2, 3])
    await recorder.complete(contractRequest(step), {
      callKey: contractKey(step, 'recorded'),
      signal: new AbortController().signal,
    });
  await recorder.close();
  await cleanUp();
  return {
    model: await openReplayModel(path),
    source: 'replay',
    cleanUp: async () => rmSync(dir, { recursive: true, force: true }),
  };
});

describeModel('scripted', async () => {
  const dir = folder();
  const path = join(dir, 'script.yaml');
  const steps = CONTRACT_TEXTS.map((say, index) => ({
    say,
    calls: index === 0 ? [CONTRACT_CALL, CONTRACT_CALL].map(({ name, input }) => ({ tool: name, input })) : [],
  }));
  writeFileSync(path, stringify({ usdPerReply: 0.01, instances: { instance: steps } }));
  return {
    model: await openModel(`scripted:${path}`, { prices }),
    source: 'scripted',
    cleanUp: async () => rmSync(dir, { recursive: true, force: true }),
  };
});
