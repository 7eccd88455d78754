'use strict';
const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { readSeries } = require('../lib/read.js');

describe('readSeries', () => {
  it('reads labels and numbers', () => {
    assert.deepEqual(readSeries('a b\t1\n\nc\t-2.5\n'), [{ label: 'a b', value: 1 }, { label: 'c', value: -2.5 }]);
  });

  it('names the line of a mistake', () => {
    for (const wrong of ['x', 'x\t', 'x\tone', 'x\t1\t2']) assert.throws(() => readSeries(`a\t1\n${wrong}`), /line 2/);
  });
});
