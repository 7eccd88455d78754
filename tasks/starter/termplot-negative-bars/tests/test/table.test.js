'use strict';
const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { table } = require('../lib/table.js');

describe('table', () => {
  it('lines columns up', () => {
    assert.equal(table([['name', 'n'], ['a', '10'], ['abcdef', '2']]), 'name    n\na       10\nabcdef  2\n');
  });

  it('takes rows of different length', () => {
    assert.equal(table([['a'], ['bb', 'c']]), 'a\nbb  c\n');
  });
});
