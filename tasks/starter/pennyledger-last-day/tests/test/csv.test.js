import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { readCsv } from '../src/csv.js';

async function records(chunks, options) {
  const all = [];
  for await (const record of readCsv(Readable.from(chunks), options)) all.push(record);
  return all;
}

describe('readCsv', () => {
  it('reads quoted fields', async () => {
    assert.deepEqual(await records(['a,"b, c","say ""hi"""\n1,,"two\nlines"\n']), [
      ['a', 'b, c', 'say "hi"'],
      ['1', '', 'two\nlines'],
    ]);
  });

  it('takes another separator', async () => {
    assert.deepEqual(await records(['a;b\n1;2'], { separator: ';' }), [['a', 'b'], ['1', '2']]);
  });

  it('reads CRLF and drops a byte order mark', async () => {
    assert.deepEqual(await records([Buffer.from('\uFEFFDate,Payee\r\n2023-01-01,Café\r\n')]), [
      ['Date', 'Payee'],
      ['2023-01-01', 'Café'],
    ]);
  });

  it('reads the same records wherever a byte stream is cut', async () => {
    const bytes = Buffer.from('\uFEFFDate,Payee,Note\r\n2023-01-01,Müller & Søn,"a ""b""\r\nc"\r\n2023-01-02,日本酒 🍶,x\r\n');
    const expected = [
      ['Date', 'Payee', 'Note'],
      ['2023-01-01', 'Müller & Søn', 'a "b"\nc'],
      ['2023-01-02', '日本酒 🍶', 'x'],
    ];
    for (let cut = 0; cut <= bytes.length; cut++) {
      assert.deepEqual(await records([bytes.subarray(0, cut), bytes.subarray(cut)]), expected, `cut at byte ${cut}`);
    }
  });

  it('reads a stream of single bytes', async () => {
    const bytes = Buffer.from('\uFEFFPayee;Note\r\n"Żabka";"x""y"\r\n🍶;\r\n');
    assert.deepEqual(await records([...bytes].map((byte) => Buffer.of(byte)), { separator: ';' }), [
      ['Payee', 'Note'],
      ['Żabka', 'x"y'],
      ['🍶', ''],
    ]);
  });

  it('reads streams of strings', async () => {
    assert.deepEqual(await records(['\uFEFFa,b\r\n1,', '2\r\n']), [['a', 'b'], ['1', '2']]);
  });

  it('yields a record before it asks for more input', async () => {
    const asked = [];
    async function* source() {
      for (const text of ['a,b\n1,', '2\n', '3,4\n']) {
        asked.push(text);
        yield Buffer.from(text);
      }
    }
    const reader = readCsv(source());
    assert.deepEqual((await reader.next()).value, ['a', 'b']);
    assert.equal(asked.length, 1);
    assert.deepEqual((await reader.next()).value, ['1', '2']);
    assert.equal(asked.length, 2);
    await reader.return();
  });

  it('keeps a byte order mark that is not at the start', async () => {
    assert.deepEqual(await records([Buffer.from('a\n'), Buffer.from('\uFEFFb\n')]), [['a'], ['\uFEFFb']]);
  });
});
