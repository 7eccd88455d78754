'use strict';
const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { bars } = require('../lib/bars.js');

const series = (object) => Object.entries(object).map(([label, value]) => ({ label, value }));

describe('bars', () => {
  it('draws the longest bar over the whole width', () => {
    assert.equal(bars(series({ tea: 5, coffee: 10 }), { width: 10 }), 'tea    █████ 5\ncoffee ██████████ 10\n');
  });

  it('draws nothing for zero', () => {
    assert.equal(bars(series({ a: 0, b: 2 }), { width: 2 }), 'a  0\nb ██ 2\n');
    assert.equal(bars(series({ a: 0 })), 'a  0\n');
  });

  it('draws nothing for nothing', () => {
    assert.equal(bars([]), '');
  });

  it('cuts long labels', () => {
    assert.equal(bars(series({ 'a very long label': 1 }), { width: 1, labelWidth: 8 }), 'a very … █ 1\n');
  });

  it('draws negative bars to the left of an axis', () => {
    assert.equal(
      bars(series({ north: 30, south: -10, east: 15, west: 0, centre: -5 }), { width: 40 }),
      [
        'north            │██████████████████████████████ 30',
        'south  ▒▒▒▒▒▒▒▒▒▒│ -10',
        'east             │███████████████ 15',
        'west             │ 0',
        'centre      ▒▒▒▒▒│ -5',
        '',
      ].join('\n'),
    );
  });

  it('uses one scale for both sides', () => {
    assert.equal(bars(series({ a: 1, b: -3 }), { width: 8 }), 'a       │██ 1\nb ▒▒▒▒▒▒│ -3\n');
    assert.equal(bars(series({ a: 100, b: -300, c: -190 }), { width: 4 }), 'a    │█ 100\nb ▒▒▒│ -300\nc  ▒▒│ -190\n');
  });

  it('has the axis at the right end when all values are negative', () => {
    assert.equal(bars(series({ a: -1, b: -2 }), { width: 4 }), 'a   ▒▒│ -1\nb ▒▒▒▒│ -2\n');
  });

  it('has no axis without negative values', () => {
    assert.equal(bars(series({ a: 1, b: 2, c: 0 }), { width: 4 }), 'a ██ 1\nb ████ 2\nc  0\n');
  });

  it('lines bars up behind labels of any script', () => {
    assert.equal(
      bars(series({ 煎茶: 2, 'mate\u0301': 1, '🍵 tea': 2, cocoa: -2 }), { width: 4 }),
      '煎茶     │██ 2\nmate\u0301     │█ 1\n🍵 tea   │██ 2\ncocoa  ▒▒│ -2\n',
    );
    assert.equal(bars(series({ 煎茶と抹茶: 1, a: 1 }), { width: 1, labelWidth: 6 }), '煎茶… █ 1\na     █ 1\n');
  });
});
