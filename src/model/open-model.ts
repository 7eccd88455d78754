/** Opens a model by its name: `PROVIDER/NAME`, `replay:FILE|DIR`, `scripted:FILE`. */
import { digestOf } from '../base/digest.ts';
import { AssayError, type Model } from '../contracts/index.ts';
import { openReplayModel } from './cassette.ts';
import { CourierCalls } from './courier/courier-calls.ts';
import type { Courier } from './courier/courier-client.ts';
import { pricedModel } from './priced-model.ts';
import type { PriceBook } from './prices/price-book.ts';
import { createProviderModel } from './provider-model.ts';
import { PROVIDERS, providerSettings } from './providers.ts';
import { type RetryOptions, retryingModel } from './retry-model.ts';
import { openScriptedModel } from './scripted-model.ts';
import { wrapModel } from './wrap-model.ts';

export interface OpenModelOptions {
  prices: PriceBook;
  /** Makes the calls so that none is paid twice; without it they are made by this process. Asked once the name and the key are known to be good; closed with the model. */
  courier?: () => Promise<Courier>;
  env?: NodeJS.ProcessEnv;
  /** Goes before the variables of the environment. */
  baseUrl?: string;
  retry?: RetryOptions;
  /** Longest silence on the wire in milliseconds. Default 300,000. */
  idleMs?: number;
}

/** Ids that are unique in a conversation, and the same whenever the same call is made. */
function numbered(callKey: string): () => string {
  const prefix = digestOf(callKey).slice('sha256:'.length, 'sha256:'.length + 12);
  let count = 0;
  return () => `call-${prefix}-${++count}`;
}

/** The courier sees silence first and tells it as such; the limit here is for a courier that does not answer. */
const COURIER_GRACE_MS = 5_000;

/**
 * Throws before any work: `model-unknown` for a name of no provider, `model-key-missing` naming the variable, `config-invalid`, `file-not-found`. The caller closes
 * the model.
 */
export async function openModel(reference: string, options: OpenModelOptions): Promise<Model> {
  if (reference.startsWith('scripted:')) return openScriptedModel(reference.slice('scripted:'.length));
  if (reference.startsWith('replay:')) return openReplayModel(reference.slice('replay:'.length));
  const at = reference.indexOf('/');
  const kind = reference.slice(0, Math.max(0, at));
  const name = reference.slice(at + 1);
  const provider = Object.hasOwn(PROVIDERS, kind) ? PROVIDERS[kind] : undefined;
  if (provider === undefined || name === '') {
    const names = Object.keys(PROVIDERS).map((one) => `${one}/NAME`);
    throw new AssayError('model-unknown', `${reference} names no model`, {
      class: 'input',
      retryable: false,
      hint: `Write ${names.join(', ')}, replay:FILE or scripted:FILE.`,
    });
  }
  const settings = providerSettings(reference, provider, options.env ?? process.env, options.baseUrl);
  const idleMs = options.idleMs ?? 300_000;
  const courier = await options.courier?.();
  const calls = courier === undefined ? undefined : new CourierCalls(courier, idleMs);
  const wire = createProviderModel({
    id: reference,
    dialect: provider.dialect,
    idleMs: courier === undefined ? idleMs : idleMs + COURIER_GRACE_MS,
    ...(provider.options === undefined ? {} : { providerOptions: provider.options }),
    severalChoices: provider.severalChoices === true,
    async open({ callKey }, around = (fetch) => fetch) {
      const through = calls?.begin(callKey);
      const model = await provider.open(name, {
        ...settings,
        fetch: around(through?.fetch ?? globalThis.fetch),
        newId: numbered(callKey),
      });
      return { model, origin: () => through?.origin() ?? { source: 'live' } };
    },
  });
  const counted = calls === undefined ? wire : calls.counting(wire);
  const model = retryingModel(pricedModel(counted, options.prices), options.retry);
  return wrapModel(model, {
    complete: (request, call) => model.complete(request, call),
    async close() {
      await model.close();
      courier?.close();
    },
  });
}
