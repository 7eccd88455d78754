import { svgAddress } from '../data/svg-to-png.ts';
import { SavePlot } from './save-plot.tsx';

interface SvgPlotProps {
  svg: string;
  /** Of the files, without an ending. */
  name: string;
  /** What the drawing shows, for who does not see it. */
  words: string;
}

/** A drawing of the server, to look at, print and save. As an image it can run no script. */
export function SvgPlot({ svg, name, words }: SvgPlotProps) {
  return (
    <>
      <img className="plot" src={svgAddress(svg)} alt={words} />
      <SavePlot name={name} svg={() => svg} />
    </>
  );
}
