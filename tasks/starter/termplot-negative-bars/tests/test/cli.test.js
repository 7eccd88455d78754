'use strict';
const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { main } = require('../lib/cli.js');

function termplot(input, ...argv) {
  let out = '';
  let err = '';
  const code = main(argv, { readFile: () => input, write: (text) => (out += text), error: (text) => (err += text) });
  return { code, out, err };
}

describe('termplot', () => {
  it('draws bars', () => {
    assert.equal(termplot('a\t1\nb\t2\n', 'bars', '--width', '4', 'x.tsv').out, 'a ██ 1\nb ████ 2\n');
  });

  it('prints a table', () => {
    assert.equal(termplot('apples\t1\nb\t2\n', 'table', 'x.tsv').out, 'apples  1\nb       2\n');
  });

  it('explains itself', () => {
    assert.equal(termplot('', 'pie', 'x.tsv').code, 2);
    assert.equal(termplot('', 'bars', '--width', 'wide', 'x.tsv').code, 2);
    assert.match(termplot('oops', 'bars', 'x.tsv').err, /line 1/);
  });

  it('draws a loss to the left', () => {
    assert.equal(termplot('q1\t4\nq2\t-2\n', 'bars', '--width', '6', 'x.tsv').out, 'q1   │████ 4\nq2 ▒▒│ -2\n');
  });
});
