import { expect, test } from 'vitest';
import { barsSvg, lineSvg } from './chart-svg.ts';

const words = { title: 'Cost <of> steps', words: 'median "2"', x: ['0', '9'], y: ['0', '5'] } as const;

test('bars are as high as their share and stand on the axis', () => {
  const svg = barsSvg([1, 0.5, 0], words);
  const bars = [...svg.matchAll(/<rect class="mark" x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"/g)];
  expect(bars.map(([, , , height]) => Number(height))).toEqual([170, 85, 0]);
  expect(bars.map(([, , y, height]) => Number(y) + Number(height))).toEqual([220, 220, 220]);
});

test('a line goes from corner to corner', () => {
  const corners = [
    [0, 0],
    [1, 1],
  ] as const;
  expect(lineSvg(corners, words)).toContain('points="70.0,220.0 620.0,50.0"');
});

test('words are text, whatever is in them', () => {
  const svg = barsSvg([1], words);
  expect(svg).toContain('Cost &#60;of&#62; steps');
  expect(svg).not.toContain('<of>');
});
