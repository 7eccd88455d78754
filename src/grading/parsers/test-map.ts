/** Collects test outcomes. An id that failed once has failed, whatever is printed later: a later line cannot hide it. */
import type { TestStatus } from '../../contracts/index.ts';

const BAD: ReadonlySet<TestStatus> = new Set(['FAILED', 'ERROR']);

export class TestMap {
  readonly map = new Map<string, TestStatus>();

  set(id: string, status: TestStatus): void {
    const known = this.map.get(id);
    if (known !== undefined && BAD.has(known)) return;
    this.map.set(id, status);
  }
}

/** The output as lines: `\r\n` and lone `\r` end a line too, ANSI sequences are gone. */
export function outputLines(output: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI sequences begin with ESC
  const plain = output.replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, '');
  return plain.split(/\r\n|\n|\r/);
}
