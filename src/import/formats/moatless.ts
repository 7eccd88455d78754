/**
 * Moatless trajectories, of both generations: `steps` (June 2024: named actions with input and output) and `transitions` (states with actions, outputs or retry messages). Each
 * action becomes a tool call; what it says of its reasons becomes text. Of `info` only what the agent itself produced is read: it may also hold comparisons with the gold patch.
 */
import { z } from 'zod';
import type { ModelMessage } from '../../contracts/index.ts';
import {
  assistantTurn,
  type ForeignTrajectory,
  type TrajectoryFormat,
  toolText,
  userText,
} from '../foreign-trajectory.ts';
import { amount, tokenCount } from './figures.ts';

const infoSchema = z.object({
  status: z.string().nullish(),
  error: z.unknown().optional(),
  submission: z.string().nullish(),
  total_cost: amount,
  duration: amount,
});

const recordSchema = z.record(z.string(), z.unknown());

const stepsSchema = z.object({
  input: z.object({ problem_statement: z.string().nullish() }).nullish(),
  steps: z.array(
    z.object({
      actions: z
        .array(z.object({ name: z.string(), input: recordSchema.nullish(), output: recordSchema.nullish() }))
        .nullish(),
    }),
  ),
  output: z.object({ message: z.string().nullish() }).nullish(),
  info: infoSchema,
});

const transitionsSchema = z.object({
  initial_message: z.string().nullish(),
  transitions: z.array(
    z.object({
      name: z.string(),
      actions: z.array(
        z.object({
          action: recordSchema.nullish(),
          output: recordSchema.nullish(),
          retry_message: z.string().nullish(),
          input_tokens: tokenCount,
          output_tokens: tokenCount,
        }),
      ),
    }),
  ),
  info: infoSchema,
});

export const moatlessFormat: TrajectoryFormat = {
  name: 'moatless',
  matches: (document) => {
    const { steps, transitions, info } = (document ?? {}) as Record<string, unknown>;
    return (Array.isArray(steps) || Array.isArray(transitions)) && typeof info === 'object';
  },
  read: (document) =>
    Array.isArray((document as { steps?: unknown }).steps) ? readSteps(document) : readTransitions(document),
};

function readSteps(document: unknown): ForeignTrajectory {
  const { input, steps, output, info } = stepsSchema.parse(document);
  const messages: ModelMessage[] = [userText(input?.problem_statement ?? '')];
  for (const { name, input: asked, output: result } of steps.flatMap(({ actions }) => actions ?? [])) {
    messages.push(...turn(messages.length, name, asked ?? {}, result ?? null, null));
  }
  if (output?.message) messages.push(assistantTurn(output.message));
  return { ...ending(info), messages, inputTokens: null, outputTokens: null };
}

function readTransitions(document: unknown): ForeignTrajectory {
  const { initial_message, transitions, info } = transitionsSchema.parse(document);
  const messages: ModelMessage[] = [userText(initial_message ?? '')];
  const actions = transitions.flatMap(({ name, actions: taken }) => taken.map((one) => ({ name, ...one })));
  for (const { name, action, output, retry_message } of actions) {
    messages.push(...turn(messages.length, name, action ?? {}, output ?? null, retry_message ?? null));
  }
  return {
    ...ending(info),
    messages,
    inputTokens: sumKnown(actions.map((one) => one.input_tokens)),
    outputTokens: sumKnown(actions.map((one) => one.output_tokens)),
  };
}

/** A call and its result; a refusal by the tool itself (a retry, an edit that failed) is an error. */
function turn(
  index: number,
  name: string,
  asked: Record<string, unknown>,
  output: Record<string, unknown> | null,
  retry: string | null,
): ModelMessage[] {
  const id = `action-${index}`;
  const { scratch_pad, thoughts, ...input } = asked;
  const reason = [scratch_pad, thoughts].find((one) => typeof one === 'string') ?? '';
  const failed = retry !== null || isSet(output?.error) || isSet(output?.errors) || isSet(output?.verification_errors);
  return [
    assistantTurn(String(reason), { id, name, input }),
    toolText(id, name, retry ?? (output === null ? '' : JSON.stringify(output)), failed),
  ];
}

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== '';
}

function ending(
  info: z.infer<typeof infoSchema>,
): Pick<ForeignTrajectory, 'system' | 'patch' | 'patchKnown' | 'ended' | 'usd' | 'wallMs'> {
  const failed = isSet(info.error) || info.status === 'error' || info.status === 'rejected';
  return {
    system: '',
    patch: info.submission ?? '',
    patchKnown: true,
    ended: failed ? 'failed' : 'done',
    usd: info.total_cost ?? null,
    wallMs: info.duration == null ? null : info.duration * 1000,
  };
}

function sumKnown(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => typeof value === 'number');
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}
