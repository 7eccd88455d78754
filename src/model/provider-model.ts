/** A provider package's language model as a `Model`: always streamed, so that silence and cut connections are seen while they happen. One try; `retryingModel` makes several of it. */
import type { LanguageModelV3, LanguageModelV3CallOptions, SharedV3ProviderOptions } from '@ai-sdk/provider';
import {
  AssayError,
  type Model,
  type ModelCallOptions,
  type ModelReply,
  type ModelRequest,
} from '../contracts/index.ts';
import { ChoiceStreams } from './choice-streams.ts';
import { foldStream } from './fold-stream.ts';
import { modelError } from './model-error.ts';
import { type Dialect, sdkPrompt, sdkTools } from './sdk-prompt.ts';
import { measuredCost } from './usage.ts';

export interface OpenCall {
  model: LanguageModelV3;
  /** Asked when the reply is there. */
  origin(): Pick<ModelReply, 'source' | 'maybePaidTwice' | 'journalEntry'>;
}

export interface ProviderModelOptions {
  id: string;
  dialect: Dialect;
  /** The language model for one call; its `fetch` belongs to the call's key, and `around` may change what goes through it. */
  open(
    options: ModelCallOptions,
    around?: (fetch: typeof globalThis.fetch) => typeof globalThis.fetch,
  ): Promise<OpenCall>;
  /** One call may bring several choices. */
  severalChoices: boolean;
  /** Silence on the wire longer than this, in milliseconds, ends the call as `model-timeout`. */
  idleMs: number;
  providerOptions?: (request: ModelRequest) => SharedV3ProviderOptions;
}

/** Its replies have a cost only where the provider measures it. */
export function createProviderModel(options: ProviderModelOptions): Model {
  return {
    id: options.id,
    contextTokens: null,
    async complete(request: ModelRequest, call: ModelCallOptions): Promise<ModelReply> {
      const started = performance.now();
      const idle = new AbortController();
      const timer = setTimeout(() => idle.abort(), options.idleMs);
      try {
        const alive = () => timer.refresh();
        const several =
          options.severalChoices && (request.choices ?? 1) > 1
            ? new ChoiceStreams(request.choices ?? 1, alive)
            : undefined;
        const { model, origin } = await options.open(call, several?.around);
        const sdkCall: LanguageModelV3CallOptions = {
          prompt: sdkPrompt(request, options.dialect),
          tools: sdkTools(request, options.dialect),
          maxOutputTokens: request.maxOutputTokens,
          includeRawChunks: true, // also what says nothing, such as a ping, is a sign of life
          abortSignal: AbortSignal.any([call.signal, idle.signal]),
          ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
          ...(request.topP === undefined ? {} : { topP: request.topP }),
          ...(request.seed === undefined ? {} : { seed: request.seed }),
          ...(request.stopSequences === undefined ? {} : { stopSequences: [...request.stopSequences] }),
          ...(options.providerOptions === undefined ? {} : { providerOptions: options.providerOptions(request) }),
        };
        const { stream } = await model.doStream(sdkCall);
        const folded = await foldStream(stream, call.onDelta, alive);
        const alternatives = several === undefined ? [] : await otherChoices(several, model, sdkCall);
        return {
          ...folded,
          ...(alternatives.length === 0 ? {} : { alternatives }),
          cost: measuredCost(folded.rawUsage),
          latencyMs: performance.now() - started,
          retries: [],
          ...origin(),
        };
      } catch (thrown) {
        if (call.signal.aborted)
          throw new AssayError('cancelled', 'the call was cancelled', {
            class: 'cancelled',
            retryable: true,
            cause: thrown,
          });
        if (idle.signal.aborted)
          throw new AssayError('model-timeout', `the model sent nothing for ${options.idleMs} ms`, {
            class: 'model',
            retryable: true,
            cause: thrown,
          });
        throw modelError(thrown);
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {},
  };
}

/** Reads the choices after the first as if each had been the reply. One that was cut short, or says nothing that can be used, is left out. */
async function otherChoices(
  several: ChoiceStreams,
  model: LanguageModelV3,
  sdkCall: LanguageModelV3CallOptions,
): Promise<NonNullable<ModelReply['alternatives']>> {
  const others: NonNullable<ModelReply['alternatives']> = [];
  while (several.next()) {
    try {
      const { stream } = await model.doStream(sdkCall);
      const { message, stopReason } = await foldStream(stream, undefined, () => {});
      others.push({ message, stopReason });
    } catch (thrown) {
      if (modelError(thrown).failureClass !== 'model') throw thrown;
    }
  }
  return others;
}
