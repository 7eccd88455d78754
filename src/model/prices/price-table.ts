/**
 * List prices in US dollars per million tokens, reviewed by hand. `effectiveFrom` is the day from which a row holds; the newest row that is not in the future counts.
 * Sources: the providers' public price pages as retrieved on the day given. Check before you bill anybody: a price file of your own (`--prices FILE`) goes first.
 */
export interface PriceRow {
  /** Matches the start of a model name after the provider, e.g. `claude-sonnet-4-5`. The longest match counts. */
  model: string;
  provider: 'anthropic' | 'openai' | 'google' | 'deepseek';
  effectiveFrom: string;
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite5m: number;
  cacheWrite1h: number;
  /** Prices of a whole call whose input is longer than this many tokens. */
  above?: {
    tokens: number;
    input: number;
    output: number;
    cacheRead: number;
    cacheWrite5m: number;
    cacheWrite1h: number;
  };
  contextTokens: number;
}

export const PRICE_TABLE_VERSION = 'assay-2026-11-20';

const anthropic = (
  model: string,
  effectiveFrom: string,
  input: number,
  output: number,
  contextTokens = 200_000,
): PriceRow => ({
  model,
  provider: 'anthropic',
  effectiveFrom,
  input,
  output,
  cacheRead: input * 0.1,
  cacheWrite5m: input * 1.25,
  cacheWrite1h: input * 2,
  contextTokens,
});
const openai = (
  model: string,
  effectiveFrom: string,
  input: number,
  cacheRead: number,
  output: number,
  contextTokens: number,
): PriceRow => ({
  model,
  provider: 'openai',
  effectiveFrom,
  input,
  output,
  cacheRead,
  cacheWrite5m: input,
  cacheWrite1h: input,
  contextTokens,
});

export const PRICE_TABLE: readonly PriceRow[] = [
  anthropic('claude-opus-4-5', '2025-11-24', 5, 25),
  anthropic('claude-opus-4-1', '2025-08-05', 15, 75),
  anthropic('claude-opus-4', '2025-05-22', 15, 75),
  {
    ...anthropic('claude-sonnet-4', '2025-05-22', 3, 15),
    above: { tokens: 200_000, input: 6, output: 22.5, cacheRead: 0.6, cacheWrite5m: 7.5, cacheWrite1h: 12 },
  },
  {
    ...anthropic('claude-sonnet-4-5', '2025-09-29', 3, 15),
    above: { tokens: 200_000, input: 6, output: 22.5, cacheRead: 0.6, cacheWrite5m: 7.5, cacheWrite1h: 12 },
  },
  anthropic('claude-haiku-4-5', '2025-10-15', 1, 5),
  anthropic('claude-3-7-sonnet', '2025-02-24', 3, 15),
  anthropic('claude-3-5-sonnet', '2024-06-20', 3, 15),
  anthropic('claude-3-5-haiku', '2024-10-22', 0.8, 4),
  openai('gpt-5', '2025-08-07', 1.25, 0.125, 10, 400_000),
  openai('gpt-5-mini', '2025-08-07', 0.25, 0.025, 2, 400_000),
  openai('gpt-5-nano', '2025-08-07', 0.05, 0.005, 0.4, 400_000),
  openai('gpt-4.1', '2025-04-14', 2, 0.5, 8, 1_047_576),
  openai('gpt-4.1-mini', '2025-04-14', 0.4, 0.1, 1.6, 1_047_576),
  openai('gpt-4o', '2024-10-01', 2.5, 1.25, 10, 128_000),
  openai('gpt-4o-mini', '2024-07-18', 0.15, 0.075, 0.6, 128_000),
  openai('o3', '2025-06-10', 2, 0.5, 8, 200_000),
  openai('o4-mini', '2025-04-16', 1.1, 0.275, 4.4, 200_000),
  {
    model: 'gemini-2.5-pro',
    provider: 'google',
    effectiveFrom: '2025-06-17',
    input: 1.25,
    output: 10,
    cacheRead: 0.125,
    cacheWrite5m: 1.25,
    cacheWrite1h: 1.25,
    contextTokens: 1_048_576,
    above: { tokens: 200_000, input: 2.5, output: 15, cacheRead: 0.25, cacheWrite5m: 2.5, cacheWrite1h: 2.5 },
  },
  {
    model: 'gemini-2.5-flash',
    provider: 'google',
    effectiveFrom: '2025-06-17',
    input: 0.3,
    output: 2.5,
    cacheRead: 0.03,
    cacheWrite5m: 0.3,
    cacheWrite1h: 0.3,
    contextTokens: 1_048_576,
  },
  {
    model: 'deepseek-chat',
    provider: 'deepseek',
    effectiveFrom: '2025-09-29',
    input: 0.28,
    output: 0.42,
    cacheRead: 0.028,
    cacheWrite5m: 0.28,
    cacheWrite1h: 0.28,
    contextTokens: 131_072,
  },
];
