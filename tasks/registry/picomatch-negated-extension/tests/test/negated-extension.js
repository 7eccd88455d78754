'use strict';

const assert = require('assert');
const picomatch = require('..');

const chosen = (pattern, names) => {
  const matches = picomatch(pattern);
  return names.filter(name => matches(name));
};

describe('negated extglob before an extension:', () => {
  const sources = ['foo.ts', 'foo.tsx', 'foo.js', 'foo.d.ts', 'foo.d.tsx', 'd.ts', 'foo.d.js'];

  it('braces', () => {
    assert.deepStrictEqual(chosen('!(*.d).{ts,tsx}', sources), ['foo.ts', 'foo.tsx', 'd.ts']);
  });

  it('braces below folders', () => {
    const names = ['a/foo.ts', 'a/foo.d.ts', 'a/b/foo.d.tsx', 'a/b/foo.tsx', 'foo.ts', 'foo.d.ts', 'a/foo.js'];
    assert.deepStrictEqual(chosen('**/!(*.d).{ts,tsx}', names), ['a/foo.ts', 'a/b/foo.tsx', 'foo.ts']);
  });

  it('extglob with one choice', () => {
    const names = ['a/x.js', 'a/x-dbg.js', 'x-dbg.js', 'x.js', 'x.ts', 'a/x-dbg.ts'];
    assert.deepStrictEqual(chosen('**/!(*-dbg).@(js)', names), ['a/x.js', 'x.js']);
  });

  it('extglob with several choices', () => {
    const names = ['a.js', 'a.mjs', 'a.test.js', 'a.test.mjs', 'a.ts'];
    assert.deepStrictEqual(chosen('!(*.test).@(js|mjs)', names), ['a.js', 'a.mjs']);
  });

  it('question mark', () => {
    assert.deepStrictEqual(chosen('!(*-dbg).?s', ['a.js', 'a.ts', 'a-dbg.js', 'a-dbg.ts']), ['a.js', 'a.ts']);
  });

  it('plain extension', () => {
    assert.deepStrictEqual(chosen('!(*.d).ts', sources), ['foo.ts', 'd.ts']);
    assert.deepStrictEqual(chosen('src/!(*.spec).js', ['src/a.js', 'src/a.spec.js', 'a.js']), ['src/a.js']);
  });

  it('star as the extension', () => {
    assert.deepStrictEqual(chosen('!(*.d).*', ['a.ts', 'a.d.ts', 'b.js']), ['a.ts', 'b.js']);
  });
});

describe('around it:', () => {
  it('negation without a wildcard inside', () => {
    assert.deepStrictEqual(chosen('!(foo).{js,ts}', ['foo.js', 'bar.js', 'bar.ts', 'bar.md']), ['bar.js', 'bar.ts']);
  });

  it('positive extglobs before braces', () => {
    assert.deepStrictEqual(chosen('@(a|b).{js,ts}', ['a.js', 'b.ts', 'c.js', 'a.md']), ['a.js', 'b.ts']);
    assert.deepStrictEqual(chosen('+(a).{js,ts}', ['a.js', 'aa.ts', 'b.ts']), ['a.js', 'aa.ts']);
  });

  it('negation at the end', () => {
    assert.deepStrictEqual(chosen('foo.!(*.map)', ['foo.js', 'foo.js.map', 'bar.js']), ['foo.js']);
  });
});
