import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import * as sluice from '../src/index.js';

const declarations = await readFile(new URL('../index.d.ts', import.meta.url), 'utf8');

describe('index.d.ts', () => {
  it('declares exactly what the package exports', () => {
    const declared = [...declarations.matchAll(/^export declare (?:class|function|const) (\w+)/gm)].map((match) => match[1]);
    assert.deepEqual(declared.sort(), Object.keys(sluice).sort());
  });

  it('declares the signal of add and mapLimit', () => {
    const body = (name) => new RegExp(`(?:interface|type) ${name}\\b[^}]*\\}`).exec(declarations)?.[0] ?? '';
    assert.match(body('AddOptions'), /signal\?:\s*AbortSignal/);
    assert.match(body('MapOptions'), /signal\?:\s*AbortSignal|extends [^{]*AddOptions/);
    assert.match(declarations, /\badd\b[^]{0,400}AddOptions/);
  });
});
