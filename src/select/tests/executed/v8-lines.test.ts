import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NODE_READER } from './node-reader.ts';
import { type V8Function, v8Lines } from './v8-lines.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-v8-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const SOURCE = [
  'const LIMIT = 3;', // 1
  '', // 2
  'export function used(value) {', // 3
  '  if (value > LIMIT) {', // 4
  "    return 'ü' + value;", // 5
  '  }', // 6
  '  return value;', // 7
  '}', // 8
  '', // 9
  'export function idle() {', // 10
  '  return LIMIT;', // 11
  '}', // 12
  '',
].join('\n');

/** Runs a program that imports the source, and reads what V8 said of it. */
function covered(program: string): V8Function[][] {
  const folder = join(home, 'found');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const file = join(home, 'source.mjs');
  writeFileSync(file, SOURCE);
  writeFileSync(join(home, 'program.mjs'), program);
  execFileSync(process.execPath, [join(home, 'program.mjs')], { env: { ...process.env, NODE_V8_COVERAGE: folder } });
  const env = { ...process.env, ASSAY_COVERAGE_FOLDER: folder, ASSAY_COVERAGE_FILES: `${file}\n/nowhere.js` };
  const printed = execFileSync(process.execPath, ['-'], { input: NODE_READER, env }).toString();
  return printed
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as [string, V8Function[]])[1]);
}

test('lines that ran in functions, at import, and not at all', () => {
  const [functions = []] = covered("import { used } from './source.mjs';\nused(1);\n");
  const { inFunctions, atImport } = v8Lines(functions, SOURCE);
  expect([...inFunctions]).toEqual([3, 4, 7, 8]);
  // Of line 10 the word `export` has run.
  expect([...atImport]).toEqual([1, 10]);
});

test('a module that is loaded alone has run at import', () => {
  const [functions = []] = covered("import './source.mjs';\n");
  const { inFunctions, atImport } = v8Lines(functions, SOURCE);
  expect([...inFunctions]).toEqual([]);
  expect(atImport.has(1)).toBe(true);
});

test('a module that nobody loads says nothing', () => {
  expect(covered("await import('node:fs');\n")).toEqual([]);
});

test('offsets of another text than the file mean nothing: all of it has run at import', () => {
  const ranges = [{ startOffset: 0, endOffset: 5, count: 1 }];
  const { inFunctions, atImport } = v8Lines([{ functionName: '', ranges }], 'one\ntwo');
  expect([inFunctions.size, [...atImport]]).toEqual([0, [1, 2]]);
});
