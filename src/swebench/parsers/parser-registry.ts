/** All log parsers by name. */
import { AssayError } from '../../contracts/index.ts';
import { shortName } from '../folder-name.ts';
import { BLOCK_PARSERS } from './block-parsers.ts';
import { doctest } from './doctest-parser.ts';
import { JAVASCRIPT_PARSERS } from './javascript-parsers.ts';
import { LINE_PARSERS } from './line-parsers.ts';
import { p5js } from './p5js-parser.ts';
import { PYTHON_PARSERS } from './python-parsers.ts';
import { quartoCli } from './quarto-parser.ts';
import { SUITE_PARSERS } from './suite-parsers.ts';
import type { SwebenchParser } from './swebench-parser.ts';

/** `parse_log_x` for each of them, and the one name that has another form. */
export const SWEBENCH_PARSERS: ReadonlyMap<string, SwebenchParser> = new Map([
  ...PYTHON_PARSERS,
  ...[
    ...LINE_PARSERS,
    ...BLOCK_PARSERS,
    ...JAVASCRIPT_PARSERS,
    ...SUITE_PARSERS,
    ['quarto_cli', quartoCli] as const,
    ['p5js', p5js] as const,
    ['doctest', doctest] as const,
  ].map(([name, parser]) => [name === 'plotly_js' ? 'parse_plotly_js' : `parse_log_${name}`, parser] as const),
]);

/** Throws `task-invalid` for a name that is not known. */
export function findParser(name: string): SwebenchParser {
  const parser = SWEBENCH_PARSERS.get(name);
  if (parser !== undefined) return parser;
  // The rows of some sets bring the text of a program instead.
  const named = name.includes('\n') ? 'the log_parser of the row is a program, which Assay does not run' : undefined;
  throw new AssayError('task-invalid', named ?? `there is no log parser ${shortName(name)}`, {
    class: 'input',
    retryable: false,
  });
}
