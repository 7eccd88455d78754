/** The events of one attempt as THOUGHT / ACTION / OBSERVATION text for people. Pure. */

import { printableLines } from '../base/printable.ts';
import type { AgentEvent, ModelReply, RunEvent, ToolCallPart, ToolResult } from '../contracts/index.ts';
import { modelMessageSchema } from '../contracts/index.ts';

export interface TrajectoryTextOptions {
  /** Lines of one section shown; more is cut in the middle and said. Default 60. */
  maxLines?: number;
}

type ToolEnd = Extract<AgentEvent, { type: 'tool-end' }>;

/**
 * Renders the events of one attempt, with or without the runner's own among them. Each step stands once, in the order the model saw it, also when a
 * resumed attempt ran its calls again: such calls are counted in one line.
 */
export function trajectoryText(
  events: readonly (AgentEvent | RunEvent)[],
  options: TrajectoryTextOptions = {},
): string {
  const maxLines = options.maxLines ?? 60;
  const results = resultsByStep(events);
  const blocks = events.flatMap((event, index) => {
    switch (event.type) {
      case 'prompt-start':
        return [
          ...(event.system === '' ? [] : [section('SYSTEM', event.system, maxLines)]),
          section('PROMPT', promptText(event.firstMessage), maxLines),
        ];
      case 'reply-end':
        return stepBlocks(event.step, event.reply, results.get(event.step) ?? [], maxLines);
      case 'intervention':
        return [
          section(
            `RECOVERY (${event.reason}): ${event.kind === 'rollback' ? `back to the state after step ${event.toStep}` : 'a hint'}`,
            event.hint,
            maxLines,
          ),
        ];
      case 'attempt-resume':
        return [`---- resumed after step ${event.fromStep}${repetitions(events.slice(index + 1))} ----`];
      case 'attempt-end':
        return [ending(event)];
      default:
        return [];
    }
  });
  return `${blocks.join('\n\n')}\n`;
}

function stepBlocks(step: number, reply: ModelReply, ends: readonly ToolEnd[], maxLines: number): string[] {
  const blocks = [`==== step ${step} ==== ${facts(reply)}`];
  let calls = 0;
  for (const part of reply.message.content) {
    if (part.type === 'tool-call') {
      const end = ends[calls++];
      blocks.push(section(`ACTION ${part.name}`, action(part), maxLines));
      blocks.push(end === undefined ? 'OBSERVATION (none: stopped here)' : observation(end, maxLines));
    } else if (part.text.trim() !== '') {
      blocks.push(section(part.type === 'reasoning' ? 'REASONING' : 'THOUGHT', part.text, maxLines));
    }
  }
  if (!['end', 'tool-use'].includes(reply.stopReason)) blocks.push(`(the reply ended by ${reply.stopReason})`);
  return blocks;
}

/** What the model saw, in the order of the calls: repetitions on resume are passed over. */
function resultsByStep(events: readonly (AgentEvent | RunEvent)[]): Map<number, ToolEnd[]> {
  const results = new Map<number, ToolEnd[]>();
  for (const event of events) {
    if (event.type !== 'tool-end' || event.repeated !== undefined) continue;
    results.set(event.step, [...(results.get(event.step) ?? []), event]);
  }
  return results;
}

function repetitions(later: readonly (AgentEvent | RunEvent)[]): string {
  const next = later.findIndex((event) => event.type === 'attempt-resume');
  const ends = later
    .slice(0, next < 0 ? undefined : next)
    .filter((event) => event.type === 'tool-end')
    .filter((event) => event.repeated !== undefined);
  if (ends.length === 0) return '';
  const different = ends.filter((event) => event.repeated === 'different').map((event) => event.step);
  const note =
    different.length === 0
      ? 'all with the same result'
      : `another result in step ${[...new Set(different)].join(', ')}`;
  return `: ${ends.length} calls run again, ${note}`;
}

function facts(reply: ModelReply): string {
  const { usage, cost } = reply;
  const input = usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
  const dollars = cost.kind === 'unknown' ? 'cost unknown' : `$${cost.usd.toFixed(4)}`;
  return `${input} tokens in (${usage.cacheRead} cached), ${usage.output} out, ${dollars}, ${(reply.latencyMs / 1000).toFixed(1)} s`;
}

function ending(event: Extract<RunEvent, { type: 'attempt-end' }>): string {
  const { status, steps, failure } = event.outcome;
  const why = failure === undefined ? '' : ` (${failure.code}: ${failure.message})`;
  return printableLines(`==== ${status} after ${steps} steps${why}; patch of ${event.patchBytes} bytes`, 5).join('\n');
}

function promptText(firstMessage: unknown): string {
  const parsed = modelMessageSchema.safeParse(firstMessage);
  return parsed.success && parsed.data.role === 'user' ? partsText(parsed.data.content) : JSON.stringify(firstMessage);
}

function action({ input }: ToolCallPart): string {
  if (typeof input !== 'object' || input === null) return String(input);
  const fields = Object.entries(input);
  const only = fields[0];
  if (fields.length === 1 && only?.[0] === 'command') return String(only[1]);
  return fields
    .map(([name, value]) => field(name, typeof value === 'string' ? value : JSON.stringify(value)))
    .join('\n');
}

function field(name: string, text: string): string {
  if (!text.includes('\n')) return `${name}: ${text}`;
  return [`${name}:`, ...text.split('\n').map((line) => `  | ${line}`)].join('\n');
}

function observation(end: ToolEnd, maxLines: number): string {
  const notes = [
    ...(end.result.isError ? ['error'] : []),
    ...(typeof end.exitCode === 'number' && end.exitCode !== 0 ? [`exit code ${end.exitCode}`] : []),
    `${(end.durationMs / 1000).toFixed(1)} s`,
  ];
  return section(`OBSERVATION (${notes.join(', ')})`, partsText(end.result.content), maxLines);
}

function partsText(parts: ToolResult['content']): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      return `[${part.mediaType}, ${Buffer.byteLength(part.data, 'base64')} bytes]`;
    })
    .join('\n');
}

function section(title: string, text: string, maxLines: number): string {
  const lines = printableLines(text, maxLines).map((line) => `  ${line}`.trimEnd());
  return [printableLines(title, 1)[0] ?? '', ...lines].join('\n');
}
