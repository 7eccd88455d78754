'use strict';
const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { displayWidth, truncate } = require('../lib/width.js');

describe('width', () => {
  it('counts wide characters twice', () => {
    assert.equal(displayWidth('abc'), 3);
    assert.equal(displayWidth('日本 a'), 6);
    assert.equal(displayWidth('한글'), 4);
    assert.equal(displayWidth(''), 0);
  });

  it('cuts long text', () => {
    assert.equal(truncate('chamomile', 6), 'chamo…');
    assert.equal(truncate('tea', 6), 'tea');
    assert.equal(truncate('日本語版', 6), '日本…');
  });
});
