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
type Row = Omit<PriceRow, 'provider' | 'source' | 'knownAsOf' | 'above'> & {
  provider?: string | undefined;
  above?: PriceRow['above'] | undefined;
};

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
    [...parsed.data, ...PRICE_TABLE],
    `${PRICE_TABLE_VERSION}+${digestOf(parsed.data).slice('sha256:'.length, 'sha256:'.length + 8)}`,
    parsed.data.length,
  );
}

/** `own`: how many rows at the start are the user's. */
function priceBook(rows: readonly Row[], version: string, own = 0): PriceBook {
  const find = (modelId: string, day: string = new Date().toISOString().slice(0, 10)): Row | undefined => {
    const [provider, name] = splitId(modelId);
    const fits = rows.filter(
      (row) => names(row.model, name, modelId) && row.effectiveFrom <= day && servedBy(row.provider, provider),
    );
    // The user's rows come first and win; of the rest the newest.
    return fits.sort(
      (a, b) =>
        Number(rows.indexOf(b) < own) - Number(rows.indexOf(a) < own) || b.effectiveFrom.localeCompare(a.effectiveFrom),
    )[0];
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

/** A snapshot's date, as the providers write it: `-20250929`, `@20250929`, `-2025-08-07`; or the alias of the newest. */
const SNAPSHOT = /^(-latest|[-@]\d{8}|-\d{4}-\d{2}-\d{2})$/;

/** Nothing else may follow: `gpt-5-pro` is not `gpt-5`, and a wrong price is worse than none. */
function names(model: string, name: string, modelId: string): boolean {
  return model === modelId || name === model || (name.startsWith(model) && SNAPSHOT.test(name.slice(model.length)));
}

/** A compatible endpoint may serve anybody's model under its own prices: only rows without a provider (the user's) or with the same one count. */
function servedBy(rowProvider: string | undefined, provider: string): boolean {
  return rowProvider === undefined || rowProvider === provider;
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
