import { expect, test } from 'vitest';
import { type DoubleLine, ModelDouble, textPart } from '../../test/support/model-double.ts';
import { AssayError, type ModelRequest, type UserMessage } from '../contracts/index.ts';
import { warmUpModel } from './warm-up-model.ts';

const says = (text: string, latencyMs = 0): DoubleLine => ({ content: [textPart(text)], latencyMs });
const user = (text: string): UserMessage => ({
  role: 'user',
  content: [textPart(text) as { type: 'text'; text: string }],
});
const opening = (issue: string): ModelRequest => ({
  system: 'Be brief.',
  messages: [user(issue)],
  tools: [],
  maxOutputTokens: 10,
});
const call = (attempt: number, signal = new AbortController().signal) => ({ callKey: `run/one/${attempt}/1`, signal });

/** Call keys in the order in which they reached the provider, once a moment has passed. */
async function reached(inner: ModelDouble): Promise<string[]> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return [...inner.callKeys];
}

test('the first opening goes alone, the others follow together; another issue does not wait', async () => {
  const inner = new ModelDouble([says('a', 40), says('other', 5), says('b'), says('c')]);
  const model = warmUpModel(inner);
  const replies = [1, 2, 3].map((attempt) => model.complete(opening('one'), call(attempt)));
  const other = model.complete(opening('two'), { ...call(1), callKey: 'run/two/1/1' });
  expect(await reached(inner)).toEqual(['run/one/1/1', 'run/two/1/1']);
  await Promise.all([...replies, other]);
  expect(inner.callKeys).toEqual(['run/one/1/1', 'run/two/1/1', 'run/one/2/1', 'run/one/3/1']);
});

test('a conversation that goes on never waits', async () => {
  const inner = new ModelDouble([says('a', 30), says('b')]);
  const model = warmUpModel(inner);
  const first = model.complete(opening('one'), call(1));
  await model.complete({ ...opening('one'), messages: [user('one'), user('more')] }, call(2));
  expect(inner.callKeys).toHaveLength(2);
  await first;
});

test('when the first fails, the next goes ahead alone', async () => {
  const failure = new AssayError('model-overloaded', 'busy', { class: 'model' });
  const inner = new ModelDouble([failure, says('b', 30), says('c')]);
  const model = warmUpModel(inner);
  const [first, second, third] = [1, 2, 3].map((attempt) => model.complete(opening('one'), call(attempt)));
  await expect(first).rejects.toBe(failure);
  expect(await reached(inner)).toEqual(['run/one/1/1', 'run/one/2/1']);
  expect((await second)?.message.content).toEqual([textPart('b')]);
  expect((await third)?.message.content).toEqual([textPart('c')]);
});

test('who waits can be stopped', async () => {
  const inner = new ModelDouble([says('a', 30)]);
  const model = warmUpModel(inner);
  const first = model.complete(opening('one'), call(1));
  const stop = new AbortController();
  const second = model.complete(opening('one'), call(2, stop.signal));
  stop.abort(new AssayError('cancelled', 'stopped', { class: 'cancelled' }));
  await expect(second).rejects.toMatchObject({ code: 'cancelled' });
  await first;
  expect(inner.callKeys).toEqual(['run/one/1/1']);
});
