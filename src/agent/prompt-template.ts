/** The prompt as a template that users can replace by a file (`--prompt FILE`): Markdown with `{{placeholders}}`. */
import { AssayError } from '../contracts/index.ts';

/** The template that ships with Assay. Text before the line `---` is the system prompt, text after it the first message. */
export const DEFAULT_PROMPT = `You are an experienced software engineer. You work alone in a sandbox with a shell and an editor for files; nobody answers questions, so decide for yourself.
---
<uploaded_files>
{{workdir}}
</uploaded_files>
A repository lies in {{workdir}}. Consider this issue:

<issue>
{{problem_statement}}
</issue>

Change the repository so that what the issue asks for holds. The change is judged by tests that you cannot see; they cover the issue and the behaviour that must stay as it is. Do not edit existing
tests to make them pass, and do not touch the configuration of the test runner.

A way that works well:
1. Look around the repository until you understand the part in question.
2. Reproduce the problem with a small script or command, and run it.
3. Change the source so that the cause is gone, not only the symptom.
4. Run the reproduction again, and the tests that are there.
5. Think of edge cases and of other places with the same problem, and handle them too.
6. Remove the files that you made only to try things out.

There is no network. The repository stands at commit {{base_commit}}; leave your changes uncommitted or committed, both are taken. Think as long as you need. When you are done, answer without calling a tool.
`;

export interface PromptValues {
  problem_statement: string;
  workdir: string;
  base_commit: string;
}

export interface PromptTemplate {
  readonly text: string;
  fill(values: PromptValues): { system: string; firstMessage: string };
}

const KNOWN = new Set(['problem_statement', 'workdir', 'base_commit']);

/** Checks a template: every placeholder is known and the issue is in it. Throws `config-invalid`. */
export function promptTemplate(text: string = DEFAULT_PROMPT): PromptTemplate {
  const names = [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1] ?? '');
  const unknown = names.filter((name) => !KNOWN.has(name));
  if (unknown.length > 0 || !names.includes('problem_statement')) {
    const problem =
      unknown.length > 0
        ? `it names ${unknown.map((name) => `{{${name}}}`).join(', ')}`
        : 'it lacks {{problem_statement}}';
    throw new AssayError('config-invalid', `the prompt template cannot be used: ${problem}`, {
      class: 'input',
      retryable: false,
      hint: `Placeholders are ${[...KNOWN].map((name) => `{{${name}}}`).join(', ')}.`,
    });
  }
  const divider = /^---\r?$/m.exec(text);
  const [system, first] = divider === null ? ['', text] : [text.slice(0, divider.index), text.slice(divider.index + 3)];
  return {
    text,
    fill(values) {
      // A function as replacement: `$&` in an issue is only text. One pass: a placeholder inside the issue stays as it is.
      const fill = (part: string) =>
        part.replace(/\{\{\s*(\w+)\s*\}\}/g, (_whole, name: keyof PromptValues) => values[name]);
      return { system: fill(system).trim(), firstMessage: fill(first).trim() };
    },
  };
}
