import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ModelReply, ModelRequest } from '../contracts/index.ts';
import { firstCritic } from '../select/baseline-critics.ts';
import { lookaheadModel } from './lookahead-model.ts';
import { openScriptedModel } from './scripted-model.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-script-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const { signal } = new AbortController();
const request: ModelRequest = {
  system: '',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'go' }] }],
  tools: [],
  maxOutputTokens: 10,
};
const said = ({ message }: Pick<ModelReply, 'message'>) =>
  message.content.map((part) => (part.type === 'text' ? part.text : part.type)).join(' ');

function script(text: string) {
  const path = join(folder, 'script.yaml');
  writeFileSync(path, text);
  return openScriptedModel(path);
}

test('a step answers lookahead with its alternatives; where it has too few, the call counts as failed', async () => {
  const model = lookaheadModel(
    await script('instances: { one: [{ say: a, alternatives: [{ say: b, usd: 0.5 }, { say: c }] }, { say: d }] }'),
    { critic: firstCritic, count: 3 },
  );
  const first = await model.complete(request, { callKey: 'run/one/1/1', signal });
  expect(first.lookahead?.candidates.map(said)).toEqual(['a', 'b', 'c']);
  expect(first.lookahead?.failed).toBe(0);
  const second = await model.complete(request, { callKey: 'run/one/1/2', signal });
  expect(second.lookahead).toMatchObject({ failed: 2, candidates: [{ message: { content: [{ text: 'd' }] } }] });
  await model.close();
});

test('an adviser answers by the last part of its call key', async () => {
  const model = await script('instances: { one: [{ say: a }] }\nadvice: { one: { expected-changes: none } }');
  const ask = (question: string) => model.complete(request, { callKey: `run/select/one/${question}`, signal });
  expect(said(await ask('expected-changes'))).toBe('none');
  await expect(ask('reproduction-1')).rejects.toMatchObject({
    code: 'script-unexpected',
    message: expect.stringContaining('has no advice on one, reproduction-1'),
  });
  // An attempt that nobody began leaves nothing over.
  await model.close();
});
