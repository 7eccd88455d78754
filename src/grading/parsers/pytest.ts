/** pytest's short summary (`-rA`): lines that begin with a status word, then the node id. Source: pytest documentation, "Detailed summary report". */
import type { LogParser, TestStatus } from '../../contracts/index.ts';
import { outputLines, TestMap } from './test-map.ts';

const STATUS: Record<string, TestStatus> = {
  PASSED: 'PASSED',
  FAILED: 'FAILED',
  ERROR: 'ERROR',
  SKIPPED: 'SKIPPED',
  XFAIL: 'XFAIL',
  XPASS: 'PASSED',
};
const SUMMARY = /^=+ short test summary info =+$/;

export const pytestParser: LogParser = {
  name: 'pytest',
  parse(output) {
    const tests = new TestMap();
    const lines = outputLines(output);
    // Only what stands below the last summary head: tests may print lines of the same form before.
    const head = lines.reduce((last, line, index) => (SUMMARY.test(line) ? index : last), -1);
    if (head < 0) return tests.map;
    for (const line of lines.slice(head + 1)) {
      const match = /^(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) (.+)$/.exec(line);
      const [, word = '', rest = ''] = match ?? [];
      const status = STATUS[word];
      if (status === undefined || (word === 'SKIPPED' && /^\[\d+\] /.test(rest))) continue;
      tests.set(nodeId(rest), status);
    }
    return tests.map;
  },
};

/** The id ends at ` - ` (the reason), but not inside the brackets of its parameters. */
function nodeId(text: string): string {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '[') depth++;
    else if (text[at] === ']') depth--;
    else if (depth <= 0 && text.startsWith(' - ', at)) return text.slice(0, at);
  }
  const cut = text.indexOf(' - ');
  return depth > 0 && cut >= 0 ? text.slice(0, cut) : text.trimEnd();
}
