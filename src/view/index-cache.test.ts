import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventMaker, replyOf } from '../../test/support/run-fixtures.ts';
import { IndexCache } from './index-cache.ts';
import { sealOf } from './saved-file.ts';

const KEY = randomBytes(32);
let folder: string;
let log: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-index-'));
  log = join(folder, 'events.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = () => ({ log, saved: join(folder, 'index.json') });
const make = eventMaker('a');
const reply = (step: number, words = `word ${step}`) => `${JSON.stringify(make.reply(step, replyOf(words)))}\n`;
const observed = (step: number, bytes: number) => `${JSON.stringify(make.result(step, 'c', 'x'.repeat(bytes)))}\n`;
const titles = async (cache: IndexCache) => [...(await cache.get(at())).steps.values()].map(({ line }) => line.title);

describe('a log that changes', () => {
  test('is read on where it ended', async () => {
    const cache = new IndexCache(KEY);
    expect(await titles(cache)).toEqual([]);
    writeFileSync(log, reply(1));
    expect(await titles(cache)).toEqual(['word 1']);
    appendFileSync(log, reply(2).slice(0, 50));
    expect(await titles(cache)).toEqual(['word 1']);
    appendFileSync(log, reply(2).slice(50) + reply(3));
    expect(await titles(cache)).toEqual(['word 1', 'word 2', 'word 3']);
    expect((await cache.get(at())).damagedLines).toBe(0);
  });

  test('is read anew when it was cut, replaced by a longer one, or touched', async () => {
    const cache = new IndexCache(KEY);
    writeFileSync(log, reply(1) + reply(2));
    await cache.get(at());
    truncateSync(log, reply(1).length);
    expect(await titles(cache)).toEqual(['word 1']);
    writeFileSync(log, reply(1, 'other words than before') + reply(2));
    expect(await titles(cache)).toEqual(['other words than before', 'word 2']);
    writeFileSync(log, reply(1, 'OTHER words than before') + reply(2));
    utimesSync(log, new Date(), new Date(Date.now() + 5000));
    expect(await titles(cache)).toEqual(['OTHER words than before', 'word 2']);
  });

  test('is not there any more', async () => {
    const cache = new IndexCache(KEY);
    writeFileSync(log, reply(1));
    await cache.get(at());
    rmSync(log);
    expect(await titles(cache)).toEqual([]);
  });
});

describe('what is no log', () => {
  test.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['bytes of chance', randomBytes(300_000)],
    ['zeros', Buffer.alloc(100_000)],
    ['empty lines', '\n'.repeat(1000)],
    ['JSON that is no event', '[]\nnull\n{"type":"reply-end"}\n{"type":{}}\n"reply-end"\n'],
    ['half a line', reply(1).slice(0, -10)],
    ['deep nesting', `${'['.repeat(200_000)}\n`],
  ])('%s has no steps', async (_, content) => {
    writeFileSync(log, content);
    expect(await titles(new IndexCache(KEY))).toEqual([]);
  });

  test('damage between the lines is counted and passed over', async () => {
    writeFileSync(
      log,
      `${reply(1)}{"type":"tool-end",\n${'\0'.repeat(100)}\n${reply(2)}${'y'.repeat(10_000_000)}\n${reply(3)}`,
    );
    const cache = new IndexCache(KEY);
    expect(await titles(cache)).toEqual(['word 1', 'word 2', 'word 3']);
    expect((await cache.get(at())).damagedLines).toBe(3);
  });

  test('a folder in its place is an error, and the next reader is told as well', async () => {
    mkdirSync(log);
    const cache = new IndexCache(KEY);
    await expect(cache.get(at())).rejects.toMatchObject({ code: 'store-invalid' });
    await expect(cache.get(at())).rejects.toMatchObject({ code: 'store-invalid' });
  });
});

describe('a long log', () => {
  const long = Array.from({ length: 50 }, (_, at) => reply(at + 1) + observed(at + 1, 100_000)).join('');
  const before = Array.from({ length: 50 }, (_, at) => `word ${at + 1}`);

  /** The saved index with another title, which shows whether it was used. */
  async function markedIndex(key = KEY): Promise<void> {
    writeFileSync(log, long);
    await new IndexCache(KEY).get(at());
    const [head = '', body = ''] = readFileSync(at().saved, 'utf8').split('\n');
    const marked = body.replace('"word 7"', '"WORD 7"');
    const { made } = JSON.parse(head);
    const seal = sealOf({ key, version: 2 }, made, marked);
    writeFileSync(at().saved, `${JSON.stringify({ made, seal })}\n${marked}`);
  }
  const used = before.map((title) => title.replace('word 7', 'WORD 7').replace(/^WORD 7(\d)/, 'word 7$1'));

  test('is not read again after a restart, and read on when it has grown', async () => {
    await markedIndex();
    expect(await titles(new IndexCache(KEY))).toEqual(used);
    appendFileSync(log, reply(51));
    expect(await titles(new IndexCache(KEY))).toEqual([...used, 'word 51']);
  });

  test('is read anew when its index does not fit it, is of somebody else, damaged or gone', async () => {
    await markedIndex(randomBytes(32));
    expect(await titles(new IndexCache(KEY))).toEqual(before);
    await markedIndex();
    utimesSync(log, new Date(), new Date(Date.now() + 5000));
    expect(await titles(new IndexCache(KEY))).toEqual(before);
    await markedIndex();
    writeFileSync(log, reply(1, 'another log') + long.slice(reply(1).length).replaceAll('xxxx', 'zzzz'));
    expect(await titles(new IndexCache(KEY))).toEqual(['another log', ...before.slice(1)]);
    await markedIndex();
    writeFileSync(at().saved, readFileSync(at().saved, 'utf8').slice(0, -1));
    expect(await titles(new IndexCache(KEY))).toEqual(before);
    rmSync(at().saved);
    expect(await titles(new IndexCache(KEY))).toEqual(before);
  });

  test('gives its first steps before it has been read', async () => {
    writeFileSync(log, long + observed(50, 30_000_000).repeat(2));
    const cache = new IndexCache(KEY);
    const early = await cache.get(at(), ({ steps }) => steps.size >= 3);
    expect(early.complete).toBe(false);
    expect(cache.progress(at())).toBeLessThan(long.length);
    expect((await cache.get(at())).steps.size).toBe(50);
    expect(cache.progress(at())).toBeNull();
  });
});
