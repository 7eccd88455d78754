import { printableText } from '../base/printable.ts';

/** What a command has to say at its end: text for people, or one JSON document. The text may quote models, sandboxes and task files: it moves no cursor. */
export function print(json: boolean, document: unknown, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : printableText(text));
}
