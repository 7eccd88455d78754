/**
 * Token counts of any provider in our disjoint form. The provider packages already split cached input (`noCache`, `cacheRead`, `cacheWrite`); Anthropic's own usage
 * object tells five-minute from one-hour writes. Sources: the providers' API references, `input_tokens` excludes cached tokens at Anthropic, `prompt_tokens` includes them at OpenAI and Google.
 */
import type { LanguageModelV3Usage } from '@ai-sdk/provider';
import { z } from 'zod';
import type { TokenUsage } from '../contracts/index.ts';

const anthropicWrites = z.object({
  cache_creation: z.object({
    ephemeral_5m_input_tokens: z.number().nullish(),
    ephemeral_1h_input_tokens: z.number().nullish(),
  }),
});

export function tokenUsage(usage: LanguageModelV3Usage): TokenUsage {
  const { total, noCache, cacheRead, cacheWrite } = usage.inputTokens;
  const writes = anthropicWrites.safeParse(usage.raw);
  const written = cacheWrite ?? 0;
  const oneHour = writes.success ? Math.min(written, writes.data.cache_creation.ephemeral_1h_input_tokens ?? 0) : 0;
  return {
    inputUncached: Math.max(0, noCache ?? (total ?? 0) - (cacheRead ?? 0) - written),
    cacheRead: cacheRead ?? 0,
    cacheWrite5m: written - oneHour,
    cacheWrite1h: oneHour,
    output: usage.outputTokens.total ?? 0,
    reasoning: usage.outputTokens.reasoning ?? null,
  };
}
