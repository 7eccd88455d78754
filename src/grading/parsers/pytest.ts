/**
 * pytest's short summary (`-rA`): below its head, lines that begin with a status word and a node id, up to the line with the counts. Tests may print the same before, and code that runs at exit
 * after it: passes count from the last summary only, failures from every complete one. Source: pytest documentation, "Producing a detailed summary report", and recorded output of 6, 7, 8 and 9.
 */
import type { LogParser, TestStatus } from '../../contracts/index.ts';
import { outputLines, TestMap } from './test-map.ts';

const STATUS: ReadonlyMap<string, TestStatus> = new Map([
  ['PASSED', 'PASSED'],
  ['FAILED', 'FAILED'],
  ['ERROR', 'ERROR'],
  ['SKIPPED', 'SKIPPED'],
  ['XFAIL', 'XFAIL'],
  ['XPASS', 'PASSED'],
]);
const HEAD = /^=+ short test summary info =+$/;
/** `== 1 failed, 2 passed in 0.12s ==`, without the frame under `-q`. */
export const PYTEST_COUNTS =
  /^(?:=+ )?(?:\d+ [a-z]+(?: [a-z]+)?(?:, )?)+ in [\d.]+ ?s(?:econds)?(?: \([\d:]+\))?(?: =+)?$/;

export const pytestParser: LogParser = {
  name: 'pytest',
  parse(output) {
    const tests = new TestMap();
    const sections = summaries(outputLines(output));
    sections.forEach((section, index) => {
      const last = index === sections.length - 1;
      for (const line of section.lines) {
        const entry = parseEntry(line);
        if (entry === undefined) continue;
        const bad = entry.status === 'FAILED' || entry.status === 'ERROR';
        if (last || (section.complete && bad)) tests.set(entry.id, entry.status);
      }
    });
    return tests.map;
  },
};

interface Section {
  lines: string[];
  complete: boolean;
}

function summaries(lines: readonly string[]): Section[] {
  const sections: Section[] = [];
  for (const line of lines) {
    const current = sections.at(-1);
    if (HEAD.test(line)) sections.push({ lines: [], complete: false });
    else if (current !== undefined && !current.complete) {
      if (PYTEST_COUNTS.test(line)) current.complete = true;
      else current.lines.push(line);
    }
  }
  return sections;
}

function parseEntry(line: string): { id: string; status: TestStatus } | undefined {
  // A failing part of a test: `SUBFAILED[part] (n=1) id - reason`, with the plugin for older versions `[part] (n=1) SUBFAIL id - reason`.
  const part = /^SUBFAILED.*? (\S+::.*)$/.exec(line) ?? /^[[(].*[\])] SUBFAIL (\S.*)$/.exec(line);
  if (part !== null) return { id: withoutReason(part[1] ?? ''), status: 'FAILED' };
  const [, word = '', rest = ''] = /^(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) (.+)$/.exec(line) ?? [];
  const status = STATUS.get(word);
  // Skips are folded by place (`SKIPPED [1] file.py:3: reason`) and name no test.
  if (status === undefined || (word === 'SKIPPED' && /^\[\d+\] /.test(rest))) return undefined;
  return { id: word === 'PASSED' ? rest.trimEnd() : withoutReason(rest), status };
}

/** The id ends at ` - ` (the reason), but not inside the brackets of its parameters. */
function withoutReason(text: string): string {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '[') depth++;
    else if (text[at] === ']') depth--;
    else if (depth <= 0 && text.startsWith(' - ', at)) return text.slice(0, at);
  }
  const cut = text.indexOf(' - ');
  return (depth > 0 && cut >= 0 ? text.slice(0, cut) : text).trimEnd();
}
