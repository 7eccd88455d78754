/** The events of one attempt as THOUGHT / ACTION / OBSERVATION text for people. Pure. */
import type { AgentEvent, ToolResult } from '../contracts/index.ts';

export interface TrajectoryTextOptions {
  /** Lines of an observation shown; more is cut in the middle and said. Default 60. */
  maxLines?: number;
}

/** Renders agent events in order; events of other kinds are passed over. */
export function trajectoryText(events: readonly { type: string }[], options: TrajectoryTextOptions = {}): string {
  const maxLines = options.maxLines ?? 60;
  const blocks: string[] = [];
  for (const event of events as readonly AgentEvent[]) {
    if (event.type === 'reply-end') {
      blocks.push(`==== step ${event.step} ${'='.repeat(60)}`);
      for (const part of event.reply.message.content) {
        if (part.type === 'reasoning' && part.text.trim() !== '')
          blocks.push(section('REASONING', part.text, maxLines));
        if (part.type === 'text' && part.text.trim() !== '') blocks.push(section('THOUGHT', part.text, maxLines));
      }
    }
    if (event.type === 'tool-start') blocks.push(section(`ACTION ${event.name}`, action(event.input), maxLines));
    if (event.type === 'tool-end')
      blocks.push(
        section(event.result.isError ? 'OBSERVATION (error)' : 'OBSERVATION', observation(event.result), maxLines),
      );
  }
  return `${blocks.join('\n\n')}\n`;
}

function section(title: string, text: string, maxLines: number): string {
  const lines = text.trimEnd().split('\n');
  if (lines.length <= maxLines) return `${title}\n${indent(lines)}`;
  const half = Math.floor(maxLines / 2);
  return `${title}\n${indent([...lines.slice(0, half), `... ${lines.length - 2 * half} lines left out ...`, ...lines.slice(-half)])}`;
}

const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`.trimEnd()).join('\n');

function action(input: unknown): string {
  if (typeof input !== 'object' || input === null) return String(input);
  const fields = Object.entries(input);
  const only = fields[0];
  if (fields.length === 1 && only?.[0] === 'command') return String(only[1]);
  return fields
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return text.includes('\n')
        ? `${name}:\n${text
            .split('\n')
            .map((line) => `  | ${line}`)
            .join('\n')}`
        : `${name}: ${text}`;
    })
    .join('\n');
}

function observation(result: ToolResult): string {
  return result.content
    .map((part) =>
      part.type === 'text' ? part.text : `[${part.mediaType}, ${Math.round((part.data.length * 3) / 4)} bytes]`,
    )
    .join('\n');
}
