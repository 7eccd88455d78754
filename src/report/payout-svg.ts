/** Payout against spending for k attempts (a line per run), and measured against needed pass rates by price, as an SVG document. Readable in light and dark. */
import { counted } from '../base/counted.ts';
import type { PayoutPoint } from '../payout/economics/payout-curve.ts';
import type { PayoutReport } from '../payout/payout-report.ts';
import { dollars } from './payout-text.ts';
import { percent } from './run-report.ts';

const PANEL = { width: 420, height: 300, left: 70, top: 40, gap: 110 };
const COLOURS = ['#1668b8', '#c2571a', '#2f7d4f', '#8a3fa0', '#a3812a', '#4a5568'];
const STYLE =
  'text { font: 12px system-ui, sans-serif; fill: #222 } .axis { stroke: #888 } .grid { stroke: #888; stroke-opacity: .25 } .line { fill: none; stroke-width: 2 } .needed { stroke-dasharray: 4 3 } @media (prefers-color-scheme: dark) { text { fill: #eee } }';

export function payoutSvg(reports: readonly PayoutReport[]): string {
  const width = 2 * PANEL.width + PANEL.left + PANEL.gap + 30;
  const height = PANEL.height + PANEL.top + 60 + 18 * reports.length;
  const second = PANEL.left + PANEL.width + PANEL.gap;
  const legend = reports.map((report, index) => {
    const y = PANEL.top + PANEL.height + 52 + 18 * index;
    const unknown = report.costs.unknown > 0 ? ', cost unknown' : '';
    return `<rect x="${PANEL.left}" y="${y - 9}" width="10" height="10" fill="${colour(index)}"/>${label(PANEL.left + 16, y, `${report.model} (${report.runId})${unknown}`)}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Payout against spending"><style>${STYLE}</style>
${payoutPanel(reports)}
${ratePanel(reports, second)}
${legend.join('\n')}
</svg>
`;
}

/** Points over the same tasks: only those may be joined by a line. */
function sameTasks(curve: readonly PayoutPoint[]): PayoutPoint[][] {
  const counts = [...new Set(curve.map((point) => point.tasks))];
  return counts.map((count) => curve.filter((point) => point.tasks === count));
}

/** Left: k = 1, 2, ... from left to right. Runs with an unknown cost are in the legend only. */
function payoutPanel(reports: readonly PayoutReport[]): string {
  const points = reports.flatMap((report) => report.curve);
  const mostSpent = Math.max(0.01, ...points.map((point) => point.spent ?? 0)) * 1.05;
  const mostPaid = Math.max(1, ...points.map((point) => point.possible));
  const lines = reports.flatMap((report, index) =>
    sameTasks(report.curve).map((stretch) => {
      const fewer = stretch[0]?.tasks === report.curve[0]?.tasks ? '' : `, ${counted(stretch[0]?.tasks ?? 0, 'task')}`;
      const at = stretch.flatMap(({ k, payout, spent }) =>
        spent === null ? [] : [{ x: spent / mostSpent, y: payout / mostPaid, text: `k = ${k}${fewer}` }],
      );
      return series(at, PANEL.left, colour(index));
    }),
  );
  return [
    frame(PANEL.left, 'payout@k against what k attempts and looking at them cost'),
    ...axis(
      PANEL.left,
      (share) => dollars(share * mostPaid),
      (share) => `$${(share * mostSpent).toPrecision(3)}`,
    ),
    ...lines,
  ].join('\n');
}

/** Right: price bands from cheap to dear; dashed: pass rate from which an attempt pays. */
function ratePanel(reports: readonly PayoutReport[], left: number): string {
  const dearest = Math.max(2, ...reports.flatMap((report) => report.bands.map((band) => band.meanPrice)));
  const cheapest = Math.min(dearest / 2, ...reports.flatMap((report) => report.bands.map((band) => band.meanPrice)));
  const place = (price: number) => Math.log(price / cheapest) / Math.log(dearest / cheapest);
  const priceAt = (share: number) => cheapest * (dearest / cheapest) ** share;
  const lines = reports.flatMap((report, index) => {
    const measured = report.bands.map((band) => ({ x: place(band.meanPrice), y: band.passRate }));
    const needed = report.bands.flatMap((band) =>
      band.needed === null ? [] : [{ x: place(band.meanPrice), y: Math.min(1, band.needed) }],
    );
    return [series(measured, left, colour(index)), series(needed, left, colour(index), 'needed')];
  });
  return [
    frame(left, 'pass rate by price; dashed: from which an attempt pays'),
    ...axis(left, percent, (share) => dollars(priceAt(share))),
    ...lines,
  ].join('\n');
}

const colour = (index: number) => COLOURS[index % COLOURS.length] ?? '#222';
const xOf = (left: number, share: number) => (left + share * PANEL.width).toFixed(1);
const yOf = (share: number) => (PANEL.top + (1 - share) * PANEL.height).toFixed(1);

function frame(left: number, title: string): string {
  const [x2, y] = [left + PANEL.width, PANEL.top + PANEL.height];
  return `${label(left, PANEL.top - 16, title)}<line class="axis" x1="${left}" x2="${x2}" y1="${y}" y2="${y}"/><line class="axis" x1="${left}" x2="${left}" y1="${PANEL.top}" y2="${y}"/>`;
}

function axis(left: number, yText: (share: number) => string, xText: (share: number) => string): string[] {
  const rows = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<line class="grid" x1="${left}" x2="${left + PANEL.width}" y1="${yOf(share)}" y2="${yOf(share)}"/>${label(left - 6, Number(yOf(share)) + 4, yText(share), 'end')}`,
  );
  const columns = [0, 0.5, 1].map((share) =>
    label(Number(xOf(left, share)), PANEL.top + PANEL.height + 18, xText(share), 'middle'),
  );
  return [...rows, ...columns];
}

interface Point {
  x: number;
  y: number;
  text?: string;
}

function series(points: readonly Point[], left: number, stroke: string, kind = ''): string {
  const path = points.map(({ x, y }) => `${xOf(left, x)},${yOf(y)}`).join(' ');
  const dots = points.map(({ x, y, text }) => {
    const name = text === undefined ? '' : label(Number(xOf(left, x)) + 6, Number(yOf(y)) - 6, text);
    return `<circle cx="${xOf(left, x)}" cy="${yOf(y)}" r="${kind === '' ? 4 : 2}" fill="${stroke}"/>${name}`;
  });
  return `<polyline class="line ${kind}" stroke="${stroke}" points="${path}"/>${dots.join('')}`;
}

function label(x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  const safe = text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${safe}</text>`;
}
