/** Small drawings of a page as documents of their own: to print, and for papers. */
import { escapeXml } from '../../../src/report/escape-xml.ts';

const WIDTH = 640;
const HEIGHT = 260;
/** Room around the drawing, for words. */
const LEFT = 70;
const RIGHT = 20;
const TOP = 50;
const BOTTOM = 40;
/** Of the drawing itself, in which marks are placed by shares of its width and height, from its lower left corner. */
const INNER_WIDTH = WIDTH - LEFT - RIGHT;
const INNER_HEIGHT = HEIGHT - TOP - BOTTOM;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #222 } .axis { stroke: #888 } .mark { fill: #1668b8 } .line { fill: none; stroke: #1668b8; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) { text { fill: #eee } .mark { fill: #6cb6ff } .line { stroke: #6cb6ff } }`;

export interface ChartWords {
  title: string;
  /** Below the title. */
  words: string;
  /** At the ends of the axes. */
  x: readonly [first: string, last: string];
  y: readonly [low: string, high: string];
}

/** Bars of equal width, as high as their share. */
export function barsSvg(heights: readonly number[], words: ChartWords): string {
  const width = INNER_WIDTH / Math.max(1, heights.length);
  const bars = heights.map((share, at) => {
    const height = share * INNER_HEIGHT;
    return `<rect class="mark" x="${fixed(LEFT + at * width + 0.5)}" y="${fixed(TOP + INNER_HEIGHT - height)}" width="${fixed(Math.max(0.5, width - 1))}" height="${fixed(height)}"/>`;
  });
  return chartSvg(bars.join('\n'), words);
}

/** A line through places given as shares of width and height. */
export function lineSvg(points: readonly (readonly [x: number, y: number])[], words: ChartWords): string {
  const places = points.map(([x, y]) => `${fixed(LEFT + x * INNER_WIDTH)},${fixed(TOP + (1 - y) * INNER_HEIGHT)}`);
  return chartSvg(`<polyline class="line" points="${places.join(' ')}"/>`, words);
}

function chartSvg(marks: string, { title, words, x, y }: ChartWords): string {
  const [right, bottom] = [WIDTH - RIGHT, TOP + INNER_HEIGHT];
  const text = (at: number, height: number, anchor: string, said: string) =>
    `<text x="${at}" y="${height}" text-anchor="${anchor}">${escapeXml(said)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"><style>${STYLE}</style>
${text(LEFT, 20, 'start', title)}
${text(LEFT, 38, 'start', words)}
<line class="axis" x1="${LEFT}" x2="${right}" y1="${bottom}" y2="${bottom}"/><line class="axis" x1="${LEFT}" x2="${LEFT}" y1="${TOP}" y2="${bottom}"/>
${marks}
${text(LEFT - 8, TOP + 10, 'end', y[1])}
${text(LEFT - 8, bottom, 'end', y[0])}
${text(LEFT, bottom + 20, 'start', x[0])}
${text(right, bottom + 20, 'end', x[1])}
</svg>
`;
}

const fixed = (value: number) => value.toFixed(1);
