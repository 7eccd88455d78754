import { expect, test } from 'vitest';
import { AssayError } from '../../contracts/index.ts';
import { regainKeeper } from './regain-keeper.ts';

const fullDisk = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

test('tries again until there is one, and says what is in the way', async () => {
  const news: string[] = [];
  const outcomes: (() => Promise<string>)[] = [
    () => Promise.reject(fullDisk()),
    () => Promise.reject(fullDisk()),
    () => Promise.resolve('keeper'),
  ];
  const attach = () => outcomes.shift()?.() ?? Promise.reject(new Error('asked once too often'));
  const { signal } = new AbortController();
  expect(await regainKeeper({ attach, signal, onNews: (one) => news.push(one), firstPauseMs: 1 })).toBe('keeper');
  expect(news).toHaveLength(2);
  expect(news[0]).toContain('ENOSPC');
});

test('ends with the signal, also in a pause', async () => {
  const told = new AbortController();
  const attach = () => Promise.reject(fullDisk());
  const regained = regainKeeper({ attach, signal: told.signal, onNews: () => told.abort(), firstPauseMs: 60_000 });
  expect(await regained).toBeUndefined();
});

test('what only the operator can settle is thrown at once', async () => {
  const taken = new AssayError('usage', 'a server runs already for this Assay home', { class: 'input' });
  const options = { attach: () => Promise.reject(taken), signal: new AbortController().signal, onNews: () => {} };
  await expect(regainKeeper(options)).rejects.toBe(taken);
});
