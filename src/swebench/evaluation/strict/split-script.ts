/**
 * An evaluation script in the three parts it consists of, so that each can run as a process of its own: what the tests print then comes over its own channel, and nothing printed
 * before can pass for it.
 */
import { END_MARKER, START_MARKER } from '../../dataset/eval-script.ts';

export interface ScriptParts {
  /** Installs, resets test files, applies the test patch. */
  prologue: string;
  /** The lines of the prologue that only set up the shell, then the test command. */
  tests: string;
}

const SHELL_SET_UP = /^(?:source |\. |conda activate |cd |export |set )/;

/** Undefined when the script has no pair of markers on lines of their own. */
export function splitScript(script: string): ScriptParts | undefined {
  const lines = script.split('\n');
  const start = lines.findIndex((line) => line.startsWith(': ') && line.includes(START_MARKER));
  const end = lines.findIndex((line, index) => index > start && line.startsWith(': ') && line.includes(END_MARKER));
  if (start < 0 || end < 0) return undefined;
  const prologue = lines.slice(0, start);
  const setUp = outsideOfHeredocs(prologue).filter((line) => SHELL_SET_UP.test(line));
  return {
    prologue: `${prologue.join('\n')}\n`,
    tests: `${[...setUp, ...lines.slice(start + 1, end)].join('\n')}\n`,
  };
}

/** Lines of the script itself, not of texts it holds. */
function outsideOfHeredocs(lines: readonly string[]): string[] {
  const own: string[] = [];
  let delimiter: string | undefined;
  for (const line of lines) {
    if (delimiter === undefined) {
      own.push(line);
      delimiter = /<<-?\s*['"]?(\w+)['"]?/.exec(line)?.[1];
    } else if (line === delimiter) delimiter = undefined;
  }
  return own;
}
