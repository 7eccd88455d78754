import { expect, test } from 'vitest';
import { ChoiceStreams } from './choice-streams.ts';

const chunk = (index: number, content: string, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index, delta: { content }, finish_reason: null }], ...more })}\n\n`;

/** Sends the text in pieces that fall anywhere, also within a character of several bytes. */
function answering(text: string, headers: Record<string, string> = { 'content-type': 'text/event-stream' }) {
  const bodies: unknown[] = [];
  const fetch: typeof globalThis.fetch = async (_input, init) => {
    bodies.push(JSON.parse(String(init?.body)));
    const bytes = new TextEncoder().encode(text);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7));
        controller.close();
      },
    });
    return new Response(body, { headers });
  };
  return { fetch, bodies };
}

async function ask(several: ChoiceStreams, fetch: typeof globalThis.fetch): Promise<string> {
  const response = await several.around(fetch)('http://server', { method: 'POST', body: '{"model":"m"}' });
  return await response.text();
}

const words = (text: string) => [...text.matchAll(/"content":"([^"]*)"/g)].map(([, word]) => word).join(' ');

test('choices that come mixed are read one after the other; usage goes with the first', async () => {
  const usage = { choices: [], usage: { prompt_tokens: 5 } };
  const text = [
    chunk(0, 'an'),
    chunk(2, 'drüben'),
    chunk(1, 'bei'),
    chunk(0, 'aus'),
    chunk(1, 'neben', { usage: { prompt_tokens: 9 } }),
    `data: ${JSON.stringify(usage)}\n\n`,
    'data: [DONE]\n\n',
  ].join('');
  let alive = 0;
  const several = new ChoiceStreams(3, () => {
    alive++;
  });
  const { fetch, bodies } = answering(text);
  const first = await ask(several, fetch);
  expect(bodies).toEqual([{ model: 'm', n: 3 }]);
  expect(words(first)).toBe('an aus');
  expect(first.match(/prompt_tokens/g)).toHaveLength(2);
  expect(first).toMatch(/\[DONE\]\n\n$/);
  expect(alive).toBeGreaterThan(10);
  const others: string[] = [];
  while (several.next()) others.push(await ask(several, fetch));
  expect(others.map(words)).toEqual(['bei neben', 'drüben']);
  for (const one of others) {
    expect(one).not.toContain('prompt_tokens');
    expect(one).not.toMatch(/"index":[12]/);
    expect(one).toMatch(/\[DONE\]\n\n$/);
  }
  // Only the first one was sent.
  expect(bodies).toHaveLength(1);
});

test('a server that ignores the number has one choice; errors and what is no stream pass as they are', async () => {
  const plain = new ChoiceStreams(2, () => {});
  expect(words(await ask(plain, answering(chunk(0, 'alone')).fetch))).toBe('alone');
  expect(plain.next()).toBe(false);
  const error = 'data: {"error":{"message":"overloaded"}}\n\n';
  expect(await ask(new ChoiceStreams(2, () => {}), answering(error).fetch)).toBe(error);
  const json = '{"choices":[{"index":1}]}';
  const whole = new ChoiceStreams(2, () => {});
  expect(await ask(whole, answering(json, { 'content-type': 'application/json' }).fetch)).toBe(json);
  expect(whole.next()).toBe(false);
});
