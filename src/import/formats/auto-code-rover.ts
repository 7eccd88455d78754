/**
 * AutoCodeRover, condensed to one JSON document per attempt: the search conversation, the patch-writing conversation (which repeats the former, or the part of it that was kept)
 * and the extracted patch. Runs that validate patches were told by the hidden tests that a patch failed: those are marked.
 */
import { z } from 'zod';
import type { ModelMessage } from '../../contracts/index.ts';
import { assistantTurn, type TrajectoryFormat, userText } from '../foreign-trajectory.ts';
import { amount, tokenCount } from './figures.ts';

const conversationSchema = z
  .array(z.object({ role: z.string(), content: z.string().nullish() }))
  .nullish()
  .transform((conversation) => conversation ?? []);

const documentSchema = z.object({
  last_conversation: conversationSchema,
  write_patch_conversation: conversationSchema,
  extracted_patch: z.string().nullish(),
  cost: z
    .object({
      total_cost: amount,
      total_input_tokens: tokenCount,
      total_output_tokens: tokenCount,
      elapsed_seconds: amount,
    })
    .nullish(),
});

const HIDDEN_TEST_FEEDBACK = /^Written an applicable patch, but it did not resolve the issue/;

export const autoCodeRoverFormat: TrajectoryFormat = {
  name: 'auto-code-rover',
  matches: (document) => {
    const { last_conversation, write_patch_conversation } = (document ?? {}) as Record<string, unknown>;
    return Array.isArray(last_conversation) || Array.isArray(write_patch_conversation);
  },
  read(document) {
    const parsed = documentSchema.parse(document);
    const { last_conversation: searching, write_patch_conversation: writing, cost } = parsed;
    const conversation = writing.length > 0 ? writing : searching;
    const told = conversation.some(({ role, content }) => role === 'user' && HIDDEN_TEST_FEEDBACK.test(content ?? ''));
    const messages = conversation
      .filter(({ role }) => role === 'user' || role === 'assistant')
      .map(
        ({ role, content }): ModelMessage => (role === 'user' ? userText(content ?? '') : assistantTurn(content ?? '')),
      );
    const patch = parsed.extracted_patch ?? '';
    return {
      system: conversation.find(({ role }) => role === 'system')?.content ?? '',
      messages: messages[0]?.role === 'user' ? messages : [userText(''), ...messages],
      patch,
      patchKnown: true,
      ended: patch.trim() === '' ? 'failed' : 'done',
      usd: cost?.total_cost ?? null,
      inputTokens: cost?.total_input_tokens ?? null,
      outputTokens: cost?.total_output_tokens ?? null,
      wallMs: cost?.elapsed_seconds == null ? null : cost.elapsed_seconds * 1000,
      ...(told ? { leak: 'the agent was told that the hidden tests failed on an earlier patch' } : {}),
    };
  },
};
