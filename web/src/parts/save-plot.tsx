import { saveAs } from '../data/save-document.ts';
import { svgAddress, svgToPng } from '../data/svg-to-png.ts';
import { useAction } from '../data/use-action.ts';

interface SavePlotProps {
  /** Of the files, without an ending. */
  name: string;
  /** The drawing as a document of its own. */
  svg: () => string;
}

/** A drawing as a file, to print or to put into a paper. */
export function SavePlot({ name, svg }: SavePlotProps) {
  const action = useAction();
  return (
    <p className="bar save">
      <button type="button" className="link" onClick={() => saveAs(svgAddress(svg()), `${name}.svg`)}>
        Save as SVG
      </button>
      <button
        type="button"
        className="link"
        onClick={() => action.run(async () => saveAs(await svgToPng(svg()), `${name}.png`))}
      >
        Save as PNG
      </button>
      {action.error !== null && <span className="problem">{action.error.message}</span>}
    </p>
  );
}
