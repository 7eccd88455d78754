/** Flat TAP as mocha, tape and others print it. The id is the description. */
import type { LogParser } from '../../contracts/index.ts';
import { parseTapPoint, type TapPoint } from './tap-point.ts';
import { outputLines, TestMap } from './test-map.ts';

export const tapParser: LogParser = {
  name: 'tap',
  parse(output) {
    const tests = new TestMap();
    let next = 1;
    for (const line of outputLines(output)) {
      const point = parseTapPoint(line) ?? gluedPoint(line, next);
      if (point === undefined || point.indent > 0) continue;
      if (point.number !== undefined) next = point.number + 1;
      if (point.name !== '') tests.set(point.name, point.status);
    }
    return tests.map;
  },
};

/** A point behind what a test printed without a line end (`some textok 10 name`): taken when it carries the number that is due. */
function gluedPoint(line: string, number: number): TapPoint | undefined {
  const at = Math.max(line.lastIndexOf(`not ok ${number} `), line.lastIndexOf(`ok ${number} `));
  if (at < 0 || line.startsWith(' ')) return undefined;
  return parseTapPoint(line.slice(line.slice(0, at).endsWith('not ') ? at - 'not '.length : at));
}
