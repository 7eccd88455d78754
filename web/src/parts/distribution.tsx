import { useMemo } from 'react';
import { barsSvg } from '../text/chart-svg.ts';
import { histogram } from '../text/histogram.ts';
import { SavePlot } from './save-plot.tsx';

const BINS = 24;
const HEIGHT = 40;

interface DistributionProps {
  title: string;
  values: readonly number[];
  text: (value: number) => string;
}

/** How a figure is spread over the attempts of a run. */
export function Distribution({ title, values, text }: DistributionProps) {
  const spread = useMemo(() => histogram(values, BINS), [values]);
  if (spread === null) return null;
  const tallest = Math.max(...spread.bins);
  const drawing = () =>
    barsSvg(
      spread.bins.map((count) => count / tallest),
      {
        title: `${title} of ${values.length} attempts`,
        words,
        x: [text(spread.smallest), text(spread.largest)],
        y: ['0', String(tallest)],
      },
    );
  const words = `median ${text(spread.median)}, 80 % from ${text(spread.low)} to ${text(spread.high)}`;
  return (
    <figure className="distribution">
      <figcaption>
        {title} <span className="quiet">{words}</span>
      </figcaption>
      <svg viewBox={`0 0 ${BINS} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${title}: ${words}`}>
        {spread.bins.map((count, bin) => {
          const height = (count / tallest) * HEIGHT;
          // biome-ignore lint/suspicious/noArrayIndexKey: bins stand in order
          return <rect key={bin} x={bin + 0.05} y={HEIGHT - height} width={0.9} height={height} />;
        })}
      </svg>
      <SavePlot name={title.toLowerCase()} svg={drawing} />
    </figure>
  );
}
