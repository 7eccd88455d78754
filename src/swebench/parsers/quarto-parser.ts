/** quarto-dev/quarto-cli: `[smoke] > name ... ok` in colours, with names of temporary files numbered by their first appearance. */
import { pythonRegExp } from './python-regexp.ts';
import { pythonStrip } from './python-text.ts';
import type { StatusMap, SwebenchParser } from './swebench-parser.ts';

const TEMPORARY = [pythonRegExp('/tmp/(\\w+)\\.qmd'), pythonRegExp('/tmp/(\\w+)/')];

export const quartoCli: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  const numbers = new Map<string, number>();
  for (const raw of log.split('\n')) {
    if (raw.includes('ERRORS') || raw.includes('failures:')) break;
    if (!/\[(smoke|unit)\]/.test(raw)) continue;
    const line = withNumbers(raw, numbers);
    const name = pythonStrip(line.split('...')[0] ?? '');
    const isReport =
      line.startsWith('test result:') ||
      ['passed', 'failed', 'steps'].every((word) => line.includes(word)) ||
      line.includes('34mINFO');
    if (isReport) continue;
    if (line.includes('32mok')) map.set(name, 'PASSED');
    else if (line.includes('31mFAILED') || !map.has(name)) map.set(name, 'FAILED');
  }
  return map;
};

function withNumbers(line: string, numbers: Map<string, number>): string {
  let out = line;
  for (const pattern of TEMPORARY) {
    const found = pattern.exec(out)?.[0];
    if (found === undefined) continue;
    if (!numbers.has(found)) numbers.set(found, numbers.size);
    out = out.replace(
      pythonRegExp(pattern === TEMPORARY[0] ? '/tmp/(\\w+)\\.qmd' : '/tmp/(\\w+)/', 'g'),
      `/tmp/${numbers.get(found)}`,
    );
  }
  return out;
}
