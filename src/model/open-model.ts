/** Opens a model by its name: `anthropic/...`, `openai/...`, `openai-chat/...`, `google/...`, `openai-compatible/...`, `replay:FILE`, `scripted:FILE`. */
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV3 } from '@ai-sdk/provider';
import { AssayError, type Model, type ModelCallOptions } from '../contracts/index.ts';
import { openReplayModel } from './cassette.ts';
import type { Courier, CourierFetch } from './courier/courier-client.ts';
import { pricedModel } from './priced-model.ts';
import type { PriceBook } from './prices/price-book.ts';
import { createProviderModel } from './provider-model.ts';
import { type RetryOptions, retryingModel } from './retry-model.ts';
import { openScriptedModel } from './scripted-model.ts';

export interface OpenModelOptions {
  prices: PriceBook;
  /** Makes the calls so that none is paid twice; without it they are made by this process. */
  courier?: () => Promise<Courier>;
  env?: NodeJS.ProcessEnv;
  baseUrl?: string;
  retry?: RetryOptions;
  idleMs?: number;
}

interface Provider {
  keys: readonly string[];
  baseUrlVariable: string;
  kind: 'anthropic' | 'openai' | 'google' | 'openai-compatible';
  open(name: string, settings: { apiKey: string; baseURL?: string; fetch: typeof globalThis.fetch }): LanguageModelV3;
}

const PROVIDERS: Record<string, Provider> = {
  anthropic: {
    keys: ['ANTHROPIC_API_KEY'],
    baseUrlVariable: 'ANTHROPIC_BASE_URL',
    kind: 'anthropic',
    open: (name, settings) => createAnthropic(settings)(name),
  },
  openai: {
    keys: ['OPENAI_API_KEY'],
    baseUrlVariable: 'OPENAI_BASE_URL',
    kind: 'openai',
    open: (name, settings) => createOpenAI(settings).responses(name),
  },
  'openai-chat': {
    keys: ['OPENAI_API_KEY'],
    baseUrlVariable: 'OPENAI_BASE_URL',
    kind: 'openai',
    open: (name, settings) => createOpenAI(settings).chat(name),
  },
  google: {
    keys: ['GOOGLE_GENERATIVE_AI_API_KEY', 'GEMINI_API_KEY'],
    baseUrlVariable: 'GOOGLE_BASE_URL',
    kind: 'google',
    open: (name, settings) => createGoogleGenerativeAI(settings)(name),
  },
  'openai-compatible': {
    keys: ['OPENAI_COMPATIBLE_API_KEY'],
    baseUrlVariable: 'OPENAI_COMPATIBLE_BASE_URL',
    kind: 'openai-compatible',
    open: (name, { baseURL = '', ...settings }) =>
      createOpenAICompatible({ name: 'openai-compatible', baseURL, includeUsage: true, ...settings })(name),
  },
};

/** Throws before any work: `model-unknown` for a name of no provider, `model-key-missing` naming the variable. The caller closes the model. */
export async function openModel(reference: string, options: OpenModelOptions): Promise<Model> {
  if (reference.startsWith('scripted:')) return openScriptedModel(reference.slice('scripted:'.length));
  if (reference.startsWith('replay:')) return openReplayModel(reference.slice('replay:'.length));
  const at = reference.indexOf('/');
  const provider = PROVIDERS[reference.slice(0, Math.max(0, at))];
  const name = reference.slice(at + 1);
  if (provider === undefined || name === '') {
    throw new AssayError('model-unknown', `${reference} names no model`, {
      class: 'input',
      retryable: false,
      hint: `Write ${Object.keys(PROVIDERS)
        .map((one) => `${one}/NAME`)
        .join(', ')}, replay:FILE or scripted:FILE.`,
    });
  }
  const settings = readSettings(reference, provider, options);
  const courier = await options.courier?.();
  const unusable = new Map<string, number>();
  const latest = new Map<string, CourierFetch>();
  const wire = createProviderModel({
    id: reference,
    provider: provider.kind,
    contextTokens: null,
    ...(options.idleMs === undefined ? {} : { idleMs: options.idleMs }),
    ...(provider.kind === 'openai' ? { providerOptions: { openai: { store: false, promptCacheKey: 'assay' } } } : {}),
    open(call) {
      const through = courier?.fetchFor(`${call.callKey}#${unusable.get(call.callKey) ?? 0}`);
      if (through !== undefined) latest.set(call.callKey, through);
      const model = provider.open(name, { ...settings, fetch: through?.fetch ?? globalThis.fetch });
      return { model, source: () => through?.source() ?? 'live' };
    },
  });
  return retryingModel(pricedModel(countingUnusable(wire, unusable, latest), options.prices), options.retry);
}

/**
 * A reply that came (2xx) but cannot be used (cut off, malformed) stays in the courier's journal under its number; the next try has the next number. Failures before a
 * reply do not count, so that a resumed run walks through the same numbers.
 */
function countingUnusable(
  inner: Model,
  unusable: Map<string, number>,
  latest: ReadonlyMap<string, CourierFetch>,
): Model {
  return {
    ...inner,
    async complete(request, call: ModelCallOptions) {
      try {
        return await inner.complete(request, call);
      } catch (error) {
        if (latest.get(call.callKey)?.answered() === true)
          unusable.set(call.callKey, (unusable.get(call.callKey) ?? 0) + 1);
        throw error;
      }
    },
  };
}

function readSettings(
  reference: string,
  provider: Provider,
  options: OpenModelOptions,
): { apiKey: string; baseURL?: string } {
  const env = options.env ?? process.env;
  const apiKey = provider.keys.map((key) => env[key]).find((value) => value !== undefined && value !== '');
  const baseURL = options.baseUrl ?? env[provider.baseUrlVariable];
  const local = provider.kind === 'openai-compatible';
  if (local && baseURL === undefined) {
    throw new AssayError('config-invalid', `${reference} needs the address of its endpoint`, {
      class: 'input',
      retryable: false,
      hint: `Give --base-url or set ${provider.baseUrlVariable}.`,
    });
  }
  if (apiKey === undefined && !local) {
    throw new AssayError('model-key-missing', `${reference} needs an API key`, {
      class: 'input',
      retryable: false,
      hint: `Set ${provider.keys.join(' or ')} in the environment.`,
    });
  }
  return { apiKey: apiKey ?? 'none', ...(baseURL === undefined || baseURL === '' ? {} : { baseURL }) };
}
