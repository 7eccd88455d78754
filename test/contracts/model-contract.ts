/** What every `Model` must do. An implementation's test calls this with a way to open one that answers `contractRequest(n)` by `CONTRACT_TEXTS[n - 1]`, under the key `contractKey(n)`. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  AssayError,
  type Model,
  type ModelReply,
  type ModelRequest,
  modelReplySchema,
} from '../../src/contracts/index.ts';

export const CONTRACT_CALL = { name: 'bash', input: { command: 'echo "ü"' } };
/** Step 1 says a text and makes two calls; the others are texts alone. */
export const CONTRACT_TEXTS = ['I look at it – twice.', 'Still looking.', 'Done.'];

export const contractKey = (step: number, run = 'run'): string => `${run}/instance/1/${step}`;

/** The conversation of step `step`: each earlier step has been answered. */
export function contractRequest(step: number): ModelRequest {
  const messages: ModelRequest['messages'][number][] = [
    { role: 'user', content: [{ type: 'text', text: 'Solve it.' }] },
  ];
  if (step > 1)
    messages.push(
      {
        role: 'assistant',
        content: [
          { type: 'text', text: CONTRACT_TEXTS[0] ?? '' },
          { type: 'tool-call', id: 'call-1', ...CONTRACT_CALL },
          { type: 'tool-call', id: 'call-2', ...CONTRACT_CALL },
        ],
      },
      {
        role: 'tool',
        results: ['call-1', 'call-2'].map((callId) => ({
          callId,
          name: 'bash',
          content: [{ type: 'text', text: 'ü' }],
          isError: callId === 'call-2',
        })),
      },
    );
  if (step > 2)
    messages.push(
      { role: 'assistant', content: [{ type: 'text', text: CONTRACT_TEXTS[1] ?? '' }] },
      { role: 'user', content: [{ type: 'text', text: 'Go on.' }] },
    );
  const schema = { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] };
  const native = { anthropic: { type: 'bash_20250124' } };
  return {
    system: 'Be brief.',
    messages,
    tools: [{ name: 'bash', description: 'Runs a command.', inputSchema: schema, native }],
    maxOutputTokens: 500,
  };
}

export interface ModelUnderTest {
  model: Model;
  /** What `reply.source` has to be. */
  source: ModelReply['source'];
  cleanUp(): Promise<void>;
}

export function describeModel(name: string, make: () => Promise<ModelUnderTest>): void {
  describe(`model: ${name}`, () => {
    let made: ModelUnderTest;
    beforeEach(async () => {
      made = await make();
    });
    afterEach(() => made.cleanUp());
    const never = () => new AbortController().signal;
    const ask = (step: number, signal = never()) =>
      made.model.complete(contractRequest(step), { callKey: contractKey(step), signal });
    const all = () => CONTRACT_TEXTS.map((_, index) => ask(index + 1));

    test('gives whole replies that fit the schema, with text and calls in order', async () => {
      const replies = [];
      for (const step of [1, 2, 3]) replies.push(await ask(step));
      for (const reply of replies) expect(modelReplySchema.parse(reply)).toEqual(reply);
      const said = replies.map(({ message }) =>
        message.content.flatMap((part) => (part.type === 'text' ? part.text : [])),
      );
      expect(said).toEqual(CONTRACT_TEXTS.map((text) => [text]));
      const calls = replies[0]?.message.content.filter((part) => part.type === 'tool-call') ?? [];
      expect(calls).toMatchObject([CONTRACT_CALL, CONTRACT_CALL]);
      expect(new Set(calls.map((call) => call.id)).size).toBe(2);
      expect(replies.map(({ stopReason }) => stopReason)).toEqual(['tool-use', 'end', 'end']);
      expect(replies.map(({ source }) => source)).toEqual([made.source, made.source, made.source]);
    });

    test('counts tokens, and never says that a reply was free', async () => {
      for (const reply of await Promise.all(all())) {
        const { inputUncached, cacheRead, cacheWrite5m, cacheWrite1h, output } = reply.usage;
        expect(inputUncached + cacheRead + cacheWrite5m + cacheWrite1h).toBeGreaterThan(0);
        expect(output).toBeGreaterThan(0);
        if (reply.cost.kind !== 'unknown') expect(reply.cost.usd).toBeGreaterThan(0);
      }
    });

    test('answers calls that are made at once each with its own reply', async () => {
      const texts = (await Promise.all(all())).map(({ message }) => message.content[0]);
      expect(texts).toMatchObject(CONTRACT_TEXTS.map((text) => ({ text })));
    });

    test('leaves the request alone, and lets the caller change the reply', async () => {
      const request = contractRequest(1);
      const before = structuredClone(request);
      const reply = await made.model.complete(request, { callKey: contractKey(1), signal: never() });
      expect(request).toEqual(before);
      const copy = structuredClone(reply.message);
      reply.message.content.length = 0;
      expect((await ask(1)).message).toEqual(copy);
      for (const step of [2, 3]) await ask(step);
    });

    test('an aborted call ends as cancelled', async () => {
      const controller = new AbortController();
      controller.abort();
      const error = await ask(1, controller.signal).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(AssayError);
      expect(error).toMatchObject({ code: 'cancelled', failureClass: 'cancelled' });
      await Promise.all(all());
    });

    test('has a name, and closes as often as one likes', async () => {
      expect(made.model.id).not.toBe('');
      await Promise.all(all());
      await made.model.close();
      await made.model.close();
    });
  });
}
