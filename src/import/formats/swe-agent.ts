/**
 * SWE-agent `.traj` files: `history` (messages, demonstrations marked), `trajectory` (thought, action, observation per step) and `info` (exit status, submission, model
 * statistics). Each step's action becomes a call of the tool `command`, its observation the result.
 */
import { z } from 'zod';
import type { ModelMessage } from '../../contracts/index.ts';
import { assistantTurn, type TrajectoryFormat, toolText, userText } from '../foreign-trajectory.ts';
import { amount, tokenCount } from './figures.ts';

const documentSchema = z.object({
  history: z.array(
    z.object({
      role: z.string(),
      content: z.string().nullish(),
      is_demo: z.boolean().nullish(),
      agent: z.string().nullish(),
    }),
  ),
  trajectory: z.array(
    z.object({
      action: z.string().nullish(),
      observation: z.string().nullish(),
      thought: z.string().nullish(),
      response: z.string().nullish(),
    }),
  ),
  info: z.object({
    exit_status: z.string().nullish(),
    submission: z.string().nullish(),
    model_stats: z
      .object({
        instance_cost: amount,
        tokens_sent: tokenCount,
        tokens_received: tokenCount,
      })
      .nullish(),
  }),
});

export const sweAgentFormat: TrajectoryFormat = {
  name: 'swe-agent',
  matches: (document) => {
    const { trajectory, history, info } = (document ?? {}) as Record<string, unknown>;
    return Array.isArray(trajectory) && Array.isArray(history) && typeof info === 'object';
  },
  read(document) {
    const { history, trajectory, info } = documentSchema.parse(document);
    const prompts = history.filter(({ is_demo }) => is_demo !== true);
    const firstReply = prompts.findIndex(({ role }) => role === 'assistant');
    const before = prompts.slice(0, firstReply < 0 ? undefined : firstReply);
    const messages: ModelMessage[] = before
      .filter(({ role }) => role === 'user')
      .map(({ content }) => userText(content ?? ''));
    for (const [index, step] of trajectory.entries()) {
      const id = `step-${index + 1}`;
      const action = (step.action ?? '').trim();
      if (action === '') {
        messages.push(assistantTurn(step.response ?? step.thought ?? ''), userText(step.observation ?? ''));
        continue;
      }
      messages.push(
        assistantTurn(step.thought ?? '', { id, name: 'command', input: { command: action } }),
        toolText(id, 'command', step.observation ?? ''),
      );
    }
    const stats = info.model_stats;
    return {
      system: before.find(({ role }) => role === 'system')?.content ?? '',
      messages: messages[0]?.role === 'user' ? messages : [userText(''), ...messages],
      patch: (info.submission ?? '').replace(/^\n+/, ''),
      patchKnown: true,
      ended: endOf(info.exit_status ?? ''),
      usd: stats?.instance_cost ?? null,
      inputTokens: stats?.tokens_sent ?? null,
      outputTokens: stats?.tokens_received ?? null,
      wallMs: null,
    };
  },
};

function endOf(status: string): 'done' | 'limit' | 'failed' {
  if (status === 'submitted') return 'done';
  return /cost|context|limit/.test(status) ? 'limit' : 'failed';
}
