/** The providers: how each is opened, where its key and its base URL come from, and what it is told besides the request. A provider's package is loaded when it is opened. */
import type { LanguageModelV3, SharedV3ProviderOptions } from '@ai-sdk/provider';
import { digestOf } from '../base/digest.ts';
import { AssayError, type ModelRequest } from '../contracts/index.ts';
import type { Dialect } from './sdk-prompt.ts';

interface Settings {
  apiKey: string;
  baseURL: string;
  fetch: typeof globalThis.fetch;
  /** Ids of tool calls, where the provider gives none: the same for the same call, so that a reply that is read again is the same reply. */
  newId: () => string;
}

export interface Provider {
  dialect: Dialect;
  /** Environment variables that may hold the key, first one first. */
  keys: readonly string[];
  keyOptional?: true;
  baseUrlVariables: readonly string[];
  /** Undefined: the user has to give one. */
  baseUrl: string | undefined;
  /** Added to a base URL of the user's that has no path. */
  path?: string;
  open(name: string, settings: Settings): Promise<LanguageModelV3>;
  options?: (request: ModelRequest) => SharedV3ProviderOptions;
  /** One call may bring several choices (`n` of Chat Completions). A server that ignores the number brings one, one that refuses it is asked again without. */
  severalChoices?: true;
}

/** One routing key per conversation start, so that attempts on the same instance find each other's cached prefix. */
const promptCacheKey = ({ system, tools, messages }: ModelRequest) =>
  digestOf([system, tools, messages[0]]).slice('sha256:'.length, 'sha256:'.length + 32);

const openAi = {
  keys: ['OPENAI_API_KEY'],
  baseUrlVariables: ['OPENAI_BASE_URL'],
  baseUrl: 'https://api.openai.com/v1',
  // Nothing is stored at the provider: reasoning goes back and forth encrypted.
  options: (request: ModelRequest) => ({ openai: { store: false, promptCacheKey: promptCacheKey(request) } }),
};

const openCompatible = async (name: string, { apiKey, baseURL, fetch }: Settings) => {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  return createOpenAICompatible({ name: 'compatible', includeUsage: true, apiKey, baseURL, fetch })(name);
};

const openOpenAi = async (settings: Settings) => (await import('@ai-sdk/openai')).createOpenAI(settings);

export const PROVIDERS: Readonly<Record<string, Provider>> = {
  anthropic: {
    dialect: 'anthropic',
    keys: ['ANTHROPIC_API_KEY'],
    baseUrlVariables: ['ANTHROPIC_BASE_URL'],
    baseUrl: 'https://api.anthropic.com/v1',
    path: '/v1',
    open: async (name, settings) => (await import('@ai-sdk/anthropic')).createAnthropic(settings)(name),
  },
  openai: {
    ...openAi,
    dialect: 'openai',
    open: async (name, settings) => (await openOpenAi(settings)).responses(name),
  },
  'openai-chat': {
    ...openAi,
    dialect: 'openai-chat',
    severalChoices: true,
    open: async (name, settings) => (await openOpenAi(settings)).chat(name),
  },
  google: {
    dialect: 'google',
    keys: ['GOOGLE_GENERATIVE_AI_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    baseUrlVariables: ['GOOGLE_BASE_URL', 'GOOGLE_GEMINI_BASE_URL'],
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    path: '/v1beta',
    async open(name, { newId, ...settings }) {
      const { createGoogleGenerativeAI } = await import('@ai-sdk/google');
      return createGoogleGenerativeAI({ ...settings, generateId: newId })(name);
    },
  },
  deepseek: {
    dialect: 'openai-compatible',
    keys: ['DEEPSEEK_API_KEY'],
    baseUrlVariables: ['DEEPSEEK_BASE_URL'],
    baseUrl: 'https://api.deepseek.com/v1',
    open: openCompatible,
  },
  'openai-compatible': {
    dialect: 'openai-compatible',
    keys: ['OPENAI_COMPATIBLE_API_KEY', 'ASSAY_API_KEY'],
    keyOptional: true,
    baseUrlVariables: ['OPENAI_COMPATIBLE_BASE_URL'],
    baseUrl: undefined,
    severalChoices: true,
    open: openCompatible,
  },
};

/** Goes before the provider's own variable, whatever the provider. */
const BASE_URL_VARIABLE = 'ASSAY_BASE_URL';

/**
 * Key and base URL. Throws `model-key-missing` naming the variable, or `config-invalid` for an endpoint without a usable address. `baseUrl`: what the user gave on the
 * command line.
 */
export function providerSettings(
  reference: string,
  provider: Provider,
  env: NodeJS.ProcessEnv,
  baseUrl?: string,
): Pick<Settings, 'apiKey' | 'baseURL'> {
  const first = (names: readonly string[]) => names.map((name) => env[name]).find((value) => (value ?? '') !== '');
  const given = baseUrl ?? first([BASE_URL_VARIABLE, ...provider.baseUrlVariables]);
  const address = given ?? provider.baseUrl;
  if (address === undefined) {
    throw new AssayError('config-invalid', `${reference} needs the address of its endpoint`, {
      class: 'input',
      retryable: false,
      hint: `Give --base-url or set ${provider.baseUrlVariables.join(' or ')}.`,
    });
  }
  const apiKey = first(provider.keys);
  if (apiKey === undefined && provider.keyOptional !== true) {
    throw new AssayError('model-key-missing', `${reference} needs an API key`, {
      class: 'input',
      retryable: false,
      hint: `Set ${provider.keys.join(' or ')} in the environment.`,
    });
  }
  return { apiKey: apiKey ?? 'none', baseURL: withPath(address, provider.path ?? '') };
}

/** `https://host` of a provider whose requests need a version becomes `https://host/v1`; a path of the user's stays. */
function withPath(address: string, path: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new AssayError('config-invalid', `${address} is no http address`, { class: 'input', retryable: false });
  const plain = address.replace(/\/+$/, '');
  return url.pathname === '/' ? `${plain}${path}` : plain;
}
