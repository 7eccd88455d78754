/** A provider package's language model as a `Model`: always streamed, folded into one whole reply or an error. */
import type {
  LanguageModelV3,
  LanguageModelV3FinishReason,
  LanguageModelV3StreamPart,
  SharedV3ProviderMetadata,
  SharedV3ProviderOptions,
} from '@ai-sdk/provider';
import {
  AssayError,
  type AssistantMessage,
  type Model,
  type ModelCallOptions,
  type ModelReply,
  type ModelRequest,
  type StopReason,
} from '../contracts/index.ts';
import { modelError } from './model-error.ts';
import { sdkPrompt, sdkTools } from './sdk-prompt.ts';
import { tokenUsage } from './usage.ts';

export interface ProviderModelOptions {
  id: string;
  provider: 'anthropic' | 'openai' | 'google' | 'openai-compatible';
  contextTokens: number | null;
  /** The language model for one call; its `fetch` belongs to the call's key. */
  open(options: ModelCallOptions): { model: LanguageModelV3; source(): ModelReply['source'] };
  /** Silence on the wire longer than this ends the call as `model-timeout`. Default 300 s. */
  idleMs?: number;
  providerOptions?: SharedV3ProviderOptions;
}

export function createProviderModel(options: ProviderModelOptions): Model {
  const idleMs = options.idleMs ?? 300_000;
  return {
    id: options.id,
    contextTokens: options.contextTokens,
    async complete(request: ModelRequest, call: ModelCallOptions): Promise<ModelReply> {
      const started = performance.now();
      const idle = new AbortController();
      const timer = setTimeout(() => idle.abort(), idleMs);
      try {
        const { model, source } = options.open(call);
        const { stream } = await model.doStream({
          prompt: sdkPrompt(request),
          tools: sdkTools(request, options.provider),
          maxOutputTokens: request.maxOutputTokens,
          abortSignal: AbortSignal.any([call.signal, idle.signal]),
          ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
          ...(request.topP === undefined ? {} : { topP: request.topP }),
          ...(request.seed === undefined ? {} : { seed: request.seed }),
          ...(request.stopSequences === undefined ? {} : { stopSequences: [...request.stopSequences] }),
          ...(options.providerOptions === undefined ? {} : { providerOptions: options.providerOptions }),
        });
        const folded = await fold(stream, call, () => timer.refresh());
        return {
          ...folded,
          cost: { kind: 'unknown' },
          latencyMs: performance.now() - started,
          retries: [],
          source: source(),
        };
      } catch (thrown) {
        if (call.signal.aborted)
          throw new AssayError('cancelled', 'the call was cancelled', {
            class: 'cancelled',
            retryable: true,
            cause: thrown,
          });
        if (idle.signal.aborted)
          throw new AssayError('model-timeout', `the model sent nothing for ${idleMs} ms`, {
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

type Folded = Pick<ModelReply, 'message' | 'stopReason' | 'usage' | 'servedModel' | 'rawUsage'>;

/** Reads the stream to its end. A stream that stops without a finish is `model-stream-cut`: never half a reply. */
async function fold(
  stream: ReadableStream<LanguageModelV3StreamPart>,
  call: ModelCallOptions,
  alive: () => void,
): Promise<Folded> {
  const content: AssistantMessage['content'] = [];
  const open = new Map<string, { text: string; metadata: SharedV3ProviderMetadata | undefined; index: number }>();
  let servedModel: string | null = null;
  let finish: Extract<LanguageModelV3StreamPart, { type: 'finish' }> | undefined;
  for await (const part of stream) {
    alive();
    switch (part.type) {
      case 'text-start':
      case 'reasoning-start':
        open.set(part.id, { text: '', metadata: part.providerMetadata, index: content.length });
        content.push(part.type === 'text-start' ? { type: 'text', text: '' } : { type: 'reasoning', text: '' });
        break;
      case 'text-delta':
      case 'reasoning-delta': {
        const block = open.get(part.id);
        if (block === undefined) break;
        block.text += part.delta;
        block.metadata = { ...block.metadata, ...part.providerMetadata };
        call.onDelta?.({ type: part.type === 'text-delta' ? 'text' : 'reasoning', text: part.delta });
        break;
      }
      case 'text-end':
      case 'reasoning-end': {
        const block = open.get(part.id);
        if (block === undefined) break;
        const metadata = { ...block.metadata, ...part.providerMetadata };
        content[block.index] =
          part.type === 'text-end'
            ? { type: 'text', text: block.text }
            : {
                type: 'reasoning',
                text: block.text,
                ...(Object.keys(metadata).length === 0 ? {} : { providerData: metadata }),
              };
        open.delete(part.id);
        break;
      }
      case 'tool-call':
        content.push({
          type: 'tool-call',
          id: part.toolCallId,
          name: part.toolName,
          ...parsedInput(part.input),
          ...(part.providerMetadata === undefined ? {} : { providerData: part.providerMetadata }),
        });
        break;
      case 'response-metadata':
        servedModel = part.modelId ?? servedModel;
        break;
      case 'finish':
        finish = part;
        break;
      case 'error':
        throw modelError(part.error);
      default:
        break;
    }
  }
  if (finish === undefined || open.size > 0)
    throw new AssayError('model-stream-cut', 'the stream ended in the middle of a reply', {
      class: 'model',
      retryable: true,
    });
  const { finishReason } = finish;
  const calls = content.some((part) => part.type === 'tool-call');
  if (
    finishReason.unified === 'error' ||
    (finishReason.unified === 'other' && finishReason.raw === undefined && !calls)
  ) {
    throw new AssayError('model-stream-cut', 'the stream ended without a reason to stop', {
      class: 'model',
      retryable: true,
    });
  }
  const kept = content.filter((part) => part.type !== 'text' || part.text !== '');
  return {
    message: { role: 'assistant', content: kept },
    stopReason: stopReason(finishReason, calls),
    usage: tokenUsage(finish.usage),
    servedModel,
    rawUsage: finish.usage.raw ?? null,
  };
}

function parsedInput(input: string): { input: unknown; malformed?: true } {
  try {
    const value: unknown = input.trim() === '' ? {} : JSON.parse(input);
    return typeof value === 'object' && value !== null ? { input: value } : { input, malformed: true };
  } catch {
    return { input, malformed: true };
  }
}

function stopReason(reason: LanguageModelV3FinishReason, calls: boolean): StopReason {
  if (reason.raw === 'model_context_window_exceeded') return 'context-overflow';
  switch (reason.unified) {
    case 'tool-calls':
      return 'tool-use';
    case 'stop':
      return calls ? 'tool-use' : reason.raw === 'stop_sequence' ? 'stop-sequence' : 'end';
    case 'length':
      return 'max-tokens';
    case 'content-filter':
      return 'refusal';
    default:
      return 'other';
  }
}
