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

  it('counts no cells for combining marks', () => {
    assert.equal(displayWidth('cafe\u0301'), 4);
    assert.equal(displayWidth('\u00e9'), 1);
    assert.equal(displayWidth('a\u0323\u0307b'), 2);
    assert.equal(displayWidth('\u304b\u3099'), 2);
  });

  it('counts two cells for an emoji, whatever it is made of', () => {
    for (const emoji of ['🍵', '👍🏽', '👩‍👩‍👧‍👦', '🇯🇵', '❤️', '🏳️‍🌈']) assert.equal(displayWidth(emoji), 2, emoji);
    assert.equal(displayWidth('a🍵b🍵'), 6);
  });

  it('counts two cells for rare ideographs', () => {
    assert.equal(displayWidth('𠮷野家'), 6);
  });

  it('never tears a character when it cuts', () => {
    assert.equal(truncate('🍵🍵🍵', 4), '🍵…');
    assert.equal(truncate('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 5), '👩‍👩‍👧‍👦👩‍👩‍👧‍👦…');
    assert.equal(truncate('cafe\u0301 noir', 5), 'cafe\u0301…');
    assert.equal(truncate('cafe\u0301', 4), 'cafe\u0301');
    assert.equal(truncate('x日本語', 5), 'x日…');
  });
});
