import type { StepLine } from '../../../src/view/documents.ts';
import { lineSvg } from '../text/chart-svg.ts';
import { SavePlot } from './save-plot.tsx';

const HEIGHT = 40;

interface ValueChartProps {
  steps: readonly StepLine[];
  /** The step that was chosen. */
  step: number | null;
  hrefOf: (line: StepLine) => string;
}

/** What the critic gave the attempt after each step, with the way to the best step and to the deepest fall; nothing without a critic. */
export function ValueChart({ steps, step, hrefOf }: ValueChartProps) {
  const valued = steps.flatMap((line, at) => (line.value === null ? [] : [{ line, at, value: line.value }]));
  const last = valued.at(-1);
  if (last === undefined) return null;
  const best = valued.reduce((high, one) => (one.value > high.value ? one : high));
  const fall = deepestFall(valued);
  const chosen = steps.findIndex((line) => line.step === step);
  const width = Math.max(1, steps.length - 1);
  const low = Math.min(0, ...valued.map(({ value }) => value));
  const high = Math.max(1, best.value);
  const share = (value: number) => (value - low) / (high - low);
  const y = (value: number) => (1 - share(value)) * HEIGHT;
  const drawing = () =>
    lineSvg(
      valued.map(({ at, value }) => [at / width, share(value)]),
      {
        title: `Value of the critic after each of ${valued.length} steps`,
        words: `at last ${last.value.toFixed(3)}, best ${best.value.toFixed(3)} after step ${best.line.step}`,
        x: [`step ${steps[0]?.step}`, `step ${steps.at(-1)?.step}`],
        y: [low.toFixed(2), high.toFixed(2)],
      },
    );
  return (
    <section className="value-chart">
      <h2>Critic</h2>
      <svg
        viewBox={`0 0 ${width} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Value of the critic after each of ${valued.length} steps, at last ${last.value.toFixed(3)}`}
      >
        {chosen >= 0 && <line className="value-now" x1={chosen} x2={chosen} y1={0} y2={HEIGHT} />}
        <polyline points={valued.map(({ at, value }) => `${at},${y(value).toFixed(2)}`).join(' ')} />
      </svg>
      <p className="quiet">
        at last {last.value.toFixed(3)}, best {best.value.toFixed(3)} after{' '}
        <a href={hrefOf(best.line)}>step {best.line.step}</a>
        {fall !== null && (
          <>
            , fell most ({fall.by.toFixed(3)}) in <a href={hrefOf(fall.line)}>step {fall.line.step}</a>
          </>
        )}
      </p>
      <SavePlot name="critic" svg={drawing} />
    </section>
  );
}

function deepestFall(valued: readonly { line: StepLine; value: number }[]): { line: StepLine; by: number } | null {
  let deepest: { line: StepLine; by: number } | null = null;
  for (const [at, { line, value }] of valued.entries()) {
    const by = (valued[at - 1]?.value ?? value) - value;
    if (by > (deepest?.by ?? 0)) deepest = { line, by };
  }
  return deepest;
}
