/** A step as Markdown to paste into a report. */
import type { StepDocument } from '../../../src/view/documents.ts';
import { visibleText } from './ansi.ts';

export function stepMarkdown(step: StepDocument): string {
  const texts = (boxes: readonly { text: string }[]) => boxes.map((box) => visibleText(box.text)).join('\n');
  const calls = step.calls.flatMap((call) => [
    `**Action: ${call.name.replaceAll(/[*_`\\]/g, '\\$&')}**`,
    fenced(visibleText(call.input.text)),
    `**Observation${call.result?.exitCode == null ? '' : `, exit ${call.result.exitCode}`}**`,
    fenced(texts(call.result?.texts ?? [])),
  ]);
  const thought = texts(step.thought);
  return `${[`### Step ${step.step}`, ...(thought === '' ? [] : [thought]), ...calls].join('\n\n')}\n`;
}

/** In a fence longer than any within the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
