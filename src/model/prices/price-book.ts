/** Finds the price of a model and turns token counts into dollars. An unknown model has no price: its cost is unknown, never zero. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { digestOf } from '../../base/digest.ts';
import { AssayError, type Cost, type TokenUsage } from '../../contracts/index.ts';
import { PRICE_TABLE, PRICE_TABLE_VERSION, type PriceRow } from './price-table.ts';

const rates = {
  input: z.number().nonnegative(),
  output: z.number().nonnegative(),
  cacheRead: z.number().nonnegative(),
  cacheWrite5m: z.number().nonnegative(),
  cacheWrite1h: z.number().nonnegative(),
};
const userRowSchema = z.strictObject({
  model: z.string(),
  provider: z.string().optional(),
  effectiveFrom: z.iso.date().default('1970-01-01'),
  ...rates,
  above: z.strictObject({ tokens: z.number().int().positive(), ...rates }).optional(),
  contextTokens: z.number().int().positive().default(128_000),
});
type Row = Omit<PriceRow, 'provider'> & { provider?: string | undefined };

export interface PriceBook {
  /** Stands in each cost and in the run's lock. */
  readonly version: string;
  find(modelId: string, day?: string): Row | undefined;
  /** Cost of one call. */
  cost(modelId: string, usage: TokenUsage): Cost;
}

/** The shipped table, with the rows of a JSON file of the user's before it. Throws `config-invalid`. */
export async function openPriceBook(userFile?: string): Promise<PriceBook> {
  if (userFile === undefined) return priceBook(PRICE_TABLE, PRICE_TABLE_VERSION);
  const parsed = z.array(userRowSchema).safeParse(await readJson(userFile));
  if (!parsed.success) {
    throw new AssayError('config-invalid', `${userFile}: ${z.prettifyError(parsed.error)}`, {
      class: 'input',
      retryable: false,
      hint: 'See docs/models.md for the fields of a price file.',
    });
  }
  return priceBook(
    [...parsed.data, ...PRICE_TABLE] as Row[],
    `${PRICE_TABLE_VERSION}+${digestOf(parsed.data).slice(7, 15)}`,
  );
}

function priceBook(rows: readonly Row[], version: string): PriceBook {
  const find = (modelId: string, day: string = new Date().toISOString().slice(0, 10)): Row | undefined => {
    const [provider, name] = splitId(modelId);
    const fits = rows.filter(
      (row) =>
        (row.model === name || name.startsWith(`${row.model}-`) || row.model === modelId) &&
        row.effectiveFrom <= day &&
        compatible(row.provider, provider),
    );
    return fits.sort((a, b) => b.model.length - a.model.length || (a.effectiveFrom < b.effectiveFrom ? 1 : -1))[0];
  };
  return {
    version,
    find,
    cost(modelId, usage) {
      const row = find(modelId);
      if (row === undefined) return { kind: 'unknown' };
      const input = usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
      const price = row.above !== undefined && input > row.above.tokens ? row.above : row;
      const micro =
        usage.inputUncached * price.input +
        usage.cacheRead * price.cacheRead +
        usage.cacheWrite5m * price.cacheWrite5m +
        usage.cacheWrite1h * price.cacheWrite1h +
        usage.output * price.output;
      return { kind: 'priced', usd: micro / 1e6, table: version };
    },
  };
}

/** `openai-chat/gpt-5` -> [`openai`, `gpt-5`] */
function splitId(modelId: string): [provider: string, name: string] {
  const at = modelId.indexOf('/');
  return at < 0 ? ['', modelId] : [modelId.slice(0, at).replace(/-chat$/, ''), modelId.slice(at + 1)];
}

/** A compatible endpoint may serve anybody's model under its own prices: only rows without a provider (the user's) or with the same one count. */
function compatible(rowProvider: string | undefined, provider: string): boolean {
  return rowProvider === undefined || rowProvider === provider || provider === '';
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new AssayError(
      'config-invalid',
      `${path} cannot be read as JSON: ${cause instanceof Error ? cause.message : cause}`,
      { class: 'input', retryable: false, cause },
    );
  }
}
