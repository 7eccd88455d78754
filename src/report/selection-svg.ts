/** Selection curves as an SVG document: resolve rate against k (steps of equal width per doubling) and against dollars. Readable in light and dark. */
import type { SelectionCurves } from '../select/selection-curves.ts';
import { escapeXml } from './escape-xml.ts';
import { percent } from './run-report.ts';

const PANEL = { width: 460, height: 360, left: 60, right: 20, top: 40, bottom: 50 };
const LEGEND = 190;
const COLOURS = ['#1668b8', '#c2571a', '#2e7d32', '#8e44ad', '#b8860b', '#c0392b', '#16808a', '#6b7280'];

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #222 } .axis, .grid { stroke: #888; stroke-width: 1 } .grid { stroke-opacity: .25 }
  .curve { fill: none; stroke-width: 2 } .band { fill-opacity: .12; stroke: none }
  @media (prefers-color-scheme: dark) { text { fill: #eee } }`;

interface Point {
  x: number;
  value: number;
  low: number;
  high: number;
}

/** The panel of dollars is left out when a cost is not known. */
export function selectionSvg(curves: SelectionCurves): string {
  const logK = curves.curves.map((curve) => ({
    name: curve.selector,
    points: curve.points.map(({ k, rate }) => ({ x: Math.log2(k), ...rate })),
  }));
  const { usd } = curves;
  const kTicks = Array.from({ length: curves.maxK }, (_, at) => at + 1).filter(
    (k) => Number.isInteger(Math.log2(k)) || k === curves.maxK,
  );
  const panels = [
    panel(
      0,
      'attempts chosen from (k)',
      logK,
      kTicks.map((k) => ({ x: Math.log2(k), label: String(k) })),
    ),
  ];
  if (usd !== null && usd.length > 0) {
    const byUsd = logK.map(({ name, points }) => ({
      name,
      points: points.map((point, at) => ({ ...point, x: usd[at]?.usd.value ?? 0 })),
    }));
    const ticks = usd.map((one) => ({ x: one.usd.value, label: `$${one.usd.value.toPrecision(2)}` }));
    panels.push(panel(PANEL.width, 'dollars per instance, critics not included', byUsd, thinned(ticks)));
  }
  const width = panels.length * PANEL.width + LEGEND;
  const legend = logK.map(
    ({ name }, at) =>
      `<line class="curve" stroke="${colour(at)}" x1="${width - LEGEND + 10}" x2="${width - LEGEND + 34}" y1="${PANEL.top + 20 * at}" y2="${PANEL.top + 20 * at}"/><text x="${width - LEGEND + 42}" y="${PANEL.top + 20 * at + 4}">${escapeXml(name)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${PANEL.height}" role="img" aria-label="Resolve rate of the chosen attempt"><style>${STYLE}</style>
<text x="${PANEL.left}" y="20">resolve rate of the chosen attempt, 95 % intervals over ${curves.clusters} ${curves.clusteredBy === 'repository' ? 'repositories' : 'instances'}</text>
${panels.join('\n')}
${legend.join('\n')}
</svg>
`;
}

function panel(
  offset: number,
  title: string,
  curves: readonly { name: string; points: readonly Point[] }[],
  ticks: readonly { x: number; label: string }[],
): string {
  const all = curves.flatMap((curve) => curve.points);
  const [from, to] = [Math.min(...all.map((one) => one.x)), Math.max(...all.map((one) => one.x))];
  const { left, right, top, bottom, width, height } = PANEL;
  const x = (value: number) =>
    (offset + left + ((value - from) / (to - from || 1)) * (width - left - right)).toFixed(1);
  const y = (rate: number) => (height - bottom - rate * (height - top - bottom)).toFixed(1);
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (rate) =>
      `<line class="grid" x1="${offset + left}" x2="${offset + width - right}" y1="${y(rate)}" y2="${y(rate)}"/><text x="${offset + left - 8}" y="${Number(y(rate)) + 4}" text-anchor="end">${percent(rate)}</text>`,
  );
  const labels = ticks.map(
    (tick) => `<text x="${x(tick.x)}" y="${height - bottom + 18}" text-anchor="middle">${tick.label}</text>`,
  );
  const drawn = curves.map(({ points }, at) => {
    const line = points.map((one) => `${x(one.x)},${y(one.value)}`).join(' ');
    const band = [
      ...points.map((one) => `${x(one.x)},${y(one.low)}`),
      ...[...points].reverse().map((one) => `${x(one.x)},${y(one.high)}`),
    ].join(' ');
    return `<polygon class="band" fill="${colour(at)}" points="${band}"/><polyline class="curve" stroke="${colour(at)}" points="${line}"/>`;
  });
  return `<g><line class="axis" x1="${offset + left}" x2="${offset + width - right}" y1="${y(0)}" y2="${y(0)}"/>
${grid.join('\n')}
${labels.join('\n')}
${drawn.join('\n')}
<text x="${offset + (left + width - right) / 2}" y="${height - 12}" text-anchor="middle">${title}</text></g>`;
}

/** At most six labels. */
function thinned<T>(ticks: readonly T[]): T[] {
  const step = Math.ceil(ticks.length / 6);
  return ticks.filter((_, at) => at % step === 0);
}

function colour(at: number): string {
  return COLOURS[at % COLOURS.length] ?? '#000';
}
