import { useMemo } from 'react';
import { histogram } from '../text/histogram.ts';

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
    </figure>
  );
}
