/** Generated logs with odd names, ends and signs, and what the reference (harness 5.0.2) makes of them; an expected null is an error there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SWEBENCH_PARSERS } from './parser-registry.ts';

interface Sample {
  parser: string;
  instance: string;
  version: string;
  log: string;
  expected: [string, string][] | null;
}

const samples = readFileSync(join(import.meta.dirname, '../../../test/fixtures/swebench/parsed-logs.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Sample);

test('every parser has samples', () => {
  expect(new Set(samples.map(({ parser }) => parser))).toEqual(new Set(SWEBENCH_PARSERS.keys()));
});

test.each([...SWEBENCH_PARSERS])('%s', (name, parse) => {
  for (const { log, instance, version, expected } of samples.filter(({ parser }) => parser === name)) {
    // As the reference opens files: every kind of line end is one.
    const text = log.replace(/\r\n?/g, '\n');
    const run = () => [...parse(text, { modern: true, instanceId: instance, version })];
    if (expected === null) expect(run, text).toThrow();
    else expect(run(), text).toEqual(expected);
  }
});
