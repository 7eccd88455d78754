/**
 * Token counts of any provider in our disjoint form. Sources, the providers' API references: Anthropic's `input_tokens` leaves out what was read from or written to the cache and
 * `cache_creation` tells five-minute from one-hour writes; `prompt_tokens` of OpenAI and `promptTokenCount` of Google contain the cached part (the provider packages take it out again);
 * DeepSeek counts it in `prompt_cache_hit_tokens`; OpenRouter tells the dollars in `cost`.
 */
import type { LanguageModelV3Usage } from '@ai-sdk/provider';
import { z } from 'zod';
import type { Cost, TokenUsage } from '../contracts/index.ts';

const count = z.number().int().nonnegative().catch(0);
const rawSchema = z
  .object({
    cache_creation: z.object({ ephemeral_1h_input_tokens: count }).catch({ ephemeral_1h_input_tokens: 0 }),
    prompt_cache_hit_tokens: count,
  })
  .catch({ cache_creation: { ephemeral_1h_input_tokens: 0 }, prompt_cache_hit_tokens: 0 });

/** Counts that the provider does not tell are 0: `rawUsage` says what it told. */
export function tokenUsage(usage: LanguageModelV3Usage): TokenUsage {
  const raw = rawSchema.parse(usage.raw);
  const { noCache = 0, cacheWrite = 0 } = usage.inputTokens;
  const read = usage.inputTokens.cacheRead ?? 0;
  // Only where the package has not found the cached part itself, it is still in `noCache`.
  const hits = read > 0 ? 0 : Math.min(raw.prompt_cache_hit_tokens, noCache);
  const oneHour = Math.min(cacheWrite, raw.cache_creation.ephemeral_1h_input_tokens);
  return {
    inputUncached: Math.max(0, noCache - hits),
    cacheRead: read + hits,
    cacheWrite5m: cacheWrite - oneHour,
    cacheWrite1h: oneHour,
    output: usage.outputTokens.total ?? 0,
    reasoning: usage.outputTokens.reasoning ?? null,
  };
}

const costSchema = z.object({ cost: z.number().nonnegative() });

/** What the provider itself says the call cost, in US dollars. */
export function measuredCost(rawUsage: unknown): Cost {
  const parsed = costSchema.safeParse(rawUsage);
  return parsed.success ? { kind: 'measured', usd: parsed.data.cost } : { kind: 'unknown' };
}
