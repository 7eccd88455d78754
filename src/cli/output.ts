import { printableText } from '../base/printable.ts';

/** What a command has to say at its end: text for people, or one JSON document. The text may quote models, sandboxes and task files: it moves no cursor. */
export function print(json: boolean, document: unknown, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : printableText(text));
}

/** A line for people who watch a command, or for its log. A log that cannot be written, such as on a full disk, ends nothing. */
export function tell(line: string): void {
  try {
    process.stderr.write(`${line}\n`);
  } catch {
    // There is nobody else to tell.
  }
}
