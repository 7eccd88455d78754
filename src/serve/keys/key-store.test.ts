import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyStore } from './key-store.ts';
import { parseToken, type Token } from './token.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'assay-keys-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const KEY = { name: 'ci', scopes: ['sandboxes'], maxSandboxes: 4, requestsPerSecond: 10 } as const;

function tokenOf(text: string): Token {
  const token = parseToken(text);
  if (token === null) throw new Error(`${text} is no key`);
  return token;
}

test('a key opens until it is revoked, for every process that shares the file', async () => {
  const here = new KeyStore(home);
  const elsewhere = new KeyStore(home);
  const { record, text } = await here.add(KEY);
  const token = tokenOf(text);
  expect((await elsewhere.verify(token))?.id).toBe(record.id);
  expect(await elsewhere.verify({ ...token, secret: 'x'.repeat(43) })).toBeNull();
  expect(await elsewhere.verify({ ...token, id: '000000000000' })).toBeNull();
  await here.revoke('ci');
  expect(await elsewhere.verify(token)).toBeNull();
  await expect(here.revoke('ci')).rejects.toMatchObject({ code: 'usage' });
});

test('the file holds no key and is for its owner only', async () => {
  const { text } = await new KeyStore(home).add(KEY);
  const path = join(home, 'serve', 'keys.json');
  expect(readFileSync(path, 'utf8')).not.toContain(tokenOf(text).secret);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('keys made at the same time are all kept; a name is given once', async () => {
  const names = ['a', 'b', 'c', 'd'];
  await Promise.all(names.map((name) => new KeyStore(home).add({ ...KEY, name })));
  expect((await new KeyStore(home).list()).map(({ name }) => name).sort()).toEqual(names);
  await expect(new KeyStore(home).add({ ...KEY, name: 'a' })).rejects.toMatchObject({ code: 'usage' });
});

test.each(['', 'assay_', 'assay_0123456789ab_short', `assay_0123456789AB_${'x'.repeat(43)}`])(
  '%j is no key',
  (text) => {
    expect(parseToken(text)).toBeNull();
  },
);

test('a key without a name is refused, and the others still open', async () => {
  const keys = new KeyStore(home);
  const { text } = await keys.add(KEY);
  for (const name of ['', ' ']) await expect(keys.add({ ...KEY, name })).rejects.toMatchObject({ code: 'usage' });
  expect(await keys.verify(tokenOf(text))).toMatchObject({ name: 'ci' });
});

test('names that move a cursor or make lines are refused, and a file that others may open is noticed', async () => {
  const keys = new KeyStore(home);
  for (const name of ['', ' ', 'a\nb', 'a\u001b[2Jb'])
    await expect(keys.add({ ...KEY, name })).rejects.toMatchObject({ code: 'usage' });
  expect(keys.looseMode()).toBeUndefined();
  await keys.add(KEY);
  expect(keys.looseMode()).toBeUndefined();
  chmodSync(keys.path, 0o664);
  expect(keys.looseMode()).toBe('0664');
});
