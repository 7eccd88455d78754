import { saveAs } from '../data/save-document.ts';
import { svgToPng } from '../data/svg-to-png.ts';
import { useAction } from '../data/use-action.ts';

interface SvgPlotProps {
  svg: string;
  /** Of the files, without an ending. */
  name: string;
  /** What the drawing shows, for who does not see it. */
  words: string;
}

/** A drawing of the server, to look at, print and save. As an image it can run no script. */
export function SvgPlot({ svg, name, words }: SvgPlotProps) {
  const drawing = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  const action = useAction();
  return (
    <>
      <img className="plot" src={drawing} alt={words} />
      <p className="bar">
        <a download={`${name}.svg`} href={drawing}>
          Save as SVG
        </a>
        <button type="button" onClick={() => action.run(async () => saveAs(await svgToPng(drawing), `${name}.png`))}>
          Save as PNG
        </button>
        {action.error !== null && <span className="problem">{action.error.message}</span>}
      </p>
    </>
  );
}
