import { printableText } from '../base/printable.ts';

/** What a command has to say at its end: text for people, or one JSON document. The text may quote models, sandboxes and task files: it moves no cursor. */
export function print(json: boolean, document: unknown, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : printableText(text));
}

/** A line for people who watch a command, or for its log. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** For programs that others depend on: they go on when their log cannot be written, such as on a full disk. There is nobody else to tell. */
export function surviveFullLog(): void {
  process.stderr.on('error', () => {});
}
