/** The parsers by name, as `grading.parser` of a task names them. */
import { AssayError, type LogParser } from '../../contracts/index.ts';
import { jestParser } from './jest.ts';
import { nodeTestParser } from './node-test.ts';
import { pytestParser } from './pytest.ts';
import { tapParser } from './tap.ts';
import { unittestParser } from './unittest.ts';
import { vitestParser } from './vitest.ts';

const PARSERS: ReadonlyMap<string, LogParser> = new Map(
  [nodeTestParser, tapParser, jestParser, vitestParser, pytestParser, unittestParser].map((parser) => [
    parser.name,
    parser,
  ]),
);

/** All names, for checks and messages. */
export const PARSER_NAMES: readonly string[] = [...PARSERS.keys()];

/** Throws `task-invalid` for a name that no parser has. */
export function parserByName(name: string): LogParser {
  const parser = PARSERS.get(name);
  if (parser !== undefined) return parser;
  throw new AssayError('task-invalid', `there is no parser ${name}`, {
    class: 'input',
    retryable: false,
    hint: `Parsers: ${PARSER_NAMES.join(', ')}.`,
  });
}
