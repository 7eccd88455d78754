/** Cost against accuracy as an SVG document: a point with its interval per run, the Pareto front as a line. Readable in light and dark. */
import type { Comparison } from './compare-runs.ts';
import { escapeXml } from './escape-xml.ts';
import { percent } from './run-report.ts';

const WIDTH = 720;
const HEIGHT = 440;
const LEFT = 70;
const RIGHT = 30;
const TOP = 30;
const BOTTOM = 60;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #222 } .axis, .grid { stroke: #888; stroke-width: 1 } .grid { stroke-opacity: .25 }
  .bar { stroke: #1668b8; stroke-width: 2 } .point { fill: #1668b8 } .front { stroke: #c2571a; stroke-width: 2; fill: none; stroke-dasharray: 5 4 }
  @media (prefers-color-scheme: dark) { text { fill: #eee } .bar { stroke: #6cb6ff } .point { fill: #6cb6ff } .front { stroke: #ffa657 } }`;

/** Runs without a known cost are named below the plot instead of being drawn at zero. */
export function comparisonSvg(comparison: Comparison): string {
  const priced = comparison.runs.filter((run) => run.usdPerInstance !== null);
  const dearest = Math.max(0.0001, ...priced.map((run) => run.usdPerInstance ?? 0)) * 1.1;
  const x = (usd: number) => LEFT + (usd / dearest) * (WIDTH - LEFT - RIGHT);
  const y = (rate: number) => HEIGHT - BOTTOM - rate * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((rate) => [
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(rate)}" y2="${y(rate)}"/>`,
    `<text x="${LEFT - 8}" y="${y(rate) + 4}" text-anchor="end">${percent(rate)}</text>`,
  ]);
  const ticks = [0, 0.5, 1].map(
    (share) =>
      `<text x="${x(share * dearest)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">$${(share * dearest).toPrecision(3)}</text>`,
  );
  const front = priced.filter((run) => run.onFront).sort((a, b) => (a.usdPerInstance ?? 0) - (b.usdPerInstance ?? 0));
  const line = front.map((run) => `${x(run.usdPerInstance ?? 0).toFixed(1)},${y(run.rate.value).toFixed(1)}`).join(' ');
  const points = priced.map((run) => {
    const at = x(run.usdPerInstance ?? 0).toFixed(1);
    // Names of points at the right stand left of them, so that the edge does not cut them.
    const [nameAt, anchor] = Number(at) > WIDTH / 2 ? [Number(at) - 9, 'end'] : [Number(at) + 9, 'start'];
    return `<line class="bar" x1="${at}" x2="${at}" y1="${y(run.rate.low).toFixed(1)}" y2="${y(run.rate.high).toFixed(1)}"/><circle class="point" cx="${at}" cy="${y(run.rate.value).toFixed(1)}" r="5"/><text x="${nameAt}" y="${(y(run.rate.value) - 7).toFixed(1)}" text-anchor="${anchor}">${escapeXml(`${run.model} (${run.runId})`)}</text>`;
  });
  const unknown = comparison.runs.filter((run) => run.usdPerInstance === null).map((run) => run.runId);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Cost against resolve rate"><style>${STYLE}</style>
${grid.join('\n')}
<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(0)}" y2="${y(0)}"/><line class="axis" x1="${LEFT}" x2="${LEFT}" y1="${TOP}" y2="${y(0)}"/>
${ticks.join('\n')}
<polyline class="front" points="${line}"/>
${points.join('\n')}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 20}" text-anchor="middle">dollars per instance${unknown.length > 0 ? `; cost unknown: ${escapeXml(unknown.join(', '))}` : ''}</text>
<text x="${LEFT}" y="18">resolve rate, 95 % Wilson interval; dashed: Pareto front</text>
</svg>
`;
}
