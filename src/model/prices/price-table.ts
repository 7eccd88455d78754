/**
 * List prices in US dollars per million tokens, entered by hand. Each row tells the public page it belongs to (`source`) and the month up to which it was known to hold (`knownAsOf`); the
 * table is made without network, so the pages are not fetched here. Providers change prices: check before you bill anybody; rows of your own (`--prices FILE`) go first.
 */
export interface Rates {
  input: number;
  output: number;
  cacheRead: number;
  /** Writing to the cache for five minutes; the input price where a provider does not charge for it. */
  cacheWrite5m: number;
  cacheWrite1h: number;
}

export interface PriceRow extends Rates {
  /** The model's name after the provider; also found under that name with a date or `-latest` behind it, and under no other. */
  model: string;
  provider: 'anthropic' | 'openai' | 'google' | 'deepseek';
  /** Day from which the row holds; of several rows of one model, the newest that is not in the future counts. */
  effectiveFrom: string;
  /** Prices of a whole call whose input is longer than `tokens`. */
  above?: Rates & { tokens: number };
  contextTokens: number;
  source: string;
  knownAsOf: string;
}

/** Change it with every change of a row: it stands in every cost. */
export const PRICE_TABLE_VERSION = 'assay-2026-11-21';

const KNOWN_AS_OF = '2026-01';
const SOURCES = {
  anthropic: 'https://docs.claude.com/en/docs/about-claude/pricing',
  openai: 'https://platform.openai.com/docs/pricing',
  google: 'https://ai.google.dev/gemini-api/docs/pricing',
  deepseek: 'https://api-docs.deepseek.com/quick_start/pricing',
} as const;

const provenance = (provider: PriceRow['provider']) => ({ source: SOURCES[provider], knownAsOf: KNOWN_AS_OF });

/** Four prices for Anthropic, of which the page gives all; here by its own rule: reading 0.1 x, writing 1.25 x and 2 x the input price. */
const claudeRates = (input: number, output: number): Rates => ({
  input,
  output,
  cacheRead: round(input * 0.1),
  cacheWrite5m: round(input * 1.25),
  cacheWrite1h: round(input * 2),
});
/** Where writing to the cache costs what input costs. */
const plainRates = (input: number, cacheRead: number, output: number): Rates => ({
  input,
  output,
  cacheRead,
  cacheWrite5m: input,
  cacheWrite1h: input,
});
const round = (usd: number) => Math.round(usd * 1e6) / 1e6;

const anthropic = (model: string, effectiveFrom: string, rates: Rates, more: Partial<PriceRow> = {}): PriceRow => ({
  model,
  provider: 'anthropic',
  effectiveFrom,
  ...rates,
  contextTokens: 200_000,
  ...provenance('anthropic'),
  ...more,
});
const openai = (model: string, effectiveFrom: string, rates: Rates, contextTokens: number): PriceRow => ({
  model,
  provider: 'openai',
  effectiveFrom,
  ...rates,
  contextTokens,
  ...provenance('openai'),
});
const google = (model: string, effectiveFrom: string, rates: Rates, above?: Rates): PriceRow => ({
  model,
  provider: 'google',
  effectiveFrom,
  ...rates,
  ...(above === undefined ? {} : { above: { tokens: 200_000, ...above } }),
  contextTokens: 1_048_576,
  ...provenance('google'),
});
const deepseek = (model: string): PriceRow => ({
  model,
  provider: 'deepseek',
  effectiveFrom: '2025-09-29',
  ...plainRates(0.28, 0.028, 0.42),
  contextTokens: 131_072,
  ...provenance('deepseek'),
});

const sonnetAbove = { above: { tokens: 200_000, ...claudeRates(6, 22.5) } };

export const PRICE_TABLE: readonly PriceRow[] = [
  anthropic('claude-opus-4-5', '2025-11-24', claudeRates(5, 25)),
  anthropic('claude-opus-4-1', '2025-08-05', claudeRates(15, 75)),
  anthropic('claude-opus-4', '2025-05-22', claudeRates(15, 75)),
  anthropic('claude-opus-4-0', '2025-05-22', claudeRates(15, 75)),
  anthropic('claude-sonnet-4-5', '2025-09-29', claudeRates(3, 15), sonnetAbove),
  anthropic('claude-sonnet-4', '2025-05-22', claudeRates(3, 15), sonnetAbove),
  anthropic('claude-sonnet-4-0', '2025-05-22', claudeRates(3, 15), sonnetAbove),
  anthropic('claude-haiku-4-5', '2025-10-15', claudeRates(1, 5)),
  anthropic('claude-3-7-sonnet', '2025-02-24', claudeRates(3, 15)),
  anthropic('claude-3-5-sonnet', '2024-06-20', claudeRates(3, 15)),
  anthropic('claude-3-5-haiku', '2024-12-03', claudeRates(0.8, 4)),
  openai('gpt-5.2', '2025-12-11', plainRates(1.75, 0.175, 14), 400_000),
  openai('gpt-5.1', '2025-11-13', plainRates(1.25, 0.125, 10), 400_000),
  openai('gpt-5.1-codex', '2025-11-13', plainRates(1.25, 0.125, 10), 400_000),
  openai('gpt-5', '2025-08-07', plainRates(1.25, 0.125, 10), 400_000),
  openai('gpt-5-codex', '2025-09-23', plainRates(1.25, 0.125, 10), 400_000),
  openai('gpt-5-mini', '2025-08-07', plainRates(0.25, 0.025, 2), 400_000),
  openai('gpt-5-nano', '2025-08-07', plainRates(0.05, 0.005, 0.4), 400_000),
  openai('gpt-4.1', '2025-04-14', plainRates(2, 0.5, 8), 1_047_576),
  openai('gpt-4.1-mini', '2025-04-14', plainRates(0.4, 0.1, 1.6), 1_047_576),
  openai('gpt-4.1-nano', '2025-04-14', plainRates(0.1, 0.025, 0.4), 1_047_576),
  openai('gpt-4o', '2024-10-01', plainRates(2.5, 1.25, 10), 128_000),
  openai('gpt-4o-mini', '2024-10-01', plainRates(0.15, 0.075, 0.6), 128_000),
  openai('o3', '2025-06-10', plainRates(2, 0.5, 8), 200_000),
  openai('o4-mini', '2025-04-16', plainRates(1.1, 0.275, 4.4), 200_000),
  google('gemini-3-pro-preview', '2025-11-18', plainRates(2, 0.2, 12), plainRates(4, 0.4, 18)),
  google('gemini-2.5-pro', '2025-06-17', plainRates(1.25, 0.125, 10), plainRates(2.5, 0.25, 15)),
  google('gemini-2.5-flash', '2025-06-17', plainRates(0.3, 0.03, 2.5)),
  google('gemini-2.5-flash-lite', '2025-07-22', plainRates(0.1, 0.01, 0.4)),
  deepseek('deepseek-chat'),
  deepseek('deepseek-reasoner'),
];
