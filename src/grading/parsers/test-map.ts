/** Collects test outcomes: when an id is reported more than once, its worst outcome counts, so that nothing printed later hides a failure or a skip. */
import type { TestStatus } from '../../contracts/index.ts';

const RANK: Readonly<Record<TestStatus, number>> = { PASSED: 0, XFAIL: 1, SKIPPED: 2, FAILED: 3, ERROR: 3 };

export class TestMap {
  readonly map = new Map<string, TestStatus>();

  set(id: string, status: TestStatus): void {
    const known = this.map.get(id);
    if (known === undefined || RANK[known] < RANK[status]) this.map.set(id, status);
  }
}

/** The output as lines: `\r\n` and lone `\r` end a line too, ANSI sequences are gone. */
export function outputLines(output: string): string[] {
  return output.replace(ANSI, '').split(/\r\n|\n|\r/);
}

/** Control sequences (`ESC [ ... letter`), operating system commands (`ESC ] ... BEL` or `ESC \`), two-character escapes. Source: ECMA-48 section 5.4. */
const ANSI =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI sequences begin with ESC
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\^_]/g;
