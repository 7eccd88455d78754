/** A provider package's stream, read to its end and folded into one whole reply or an error. */
import type {
  LanguageModelV3FinishReason,
  LanguageModelV3StreamPart,
  SharedV3ProviderMetadata,
} from '@ai-sdk/provider';
import {
  AssayError,
  type AssistantMessage,
  type ModelCallOptions,
  type ModelReply,
  type StopReason,
} from '../contracts/index.ts';
import { modelError } from './model-error.ts';
import { tokenUsage } from './usage.ts';

type FoldedReply = Pick<ModelReply, 'message' | 'stopReason' | 'usage' | 'servedModel' | 'rawUsage'>;
type Finish = Extract<LanguageModelV3StreamPart, { type: 'finish' }>;

/**
 * `alive` is called with every part, also with those that say nothing (pings), so that a long silence can be told from a slow reply. Throws `AssayError`: a stream that stops
 * without a finish is `model-stream-cut`.
 */
export async function foldStream(
  stream: ReadableStream<LanguageModelV3StreamPart>,
  onDelta: ModelCallOptions['onDelta'],
  alive: () => void,
): Promise<FoldedReply> {
  const content: AssistantMessage['content'] = [];
  /** Blocks that have begun and not ended, by the id of the stream. */
  const open = new Map<string, { text: string; metadata: SharedV3ProviderMetadata | undefined; index: number }>();
  let servedModel: string | null = null;
  let finish: Finish | undefined;
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
        onDelta?.({ type: part.type === 'text-delta' ? 'text' : 'reasoning', text: part.delta });
        break;
      }
      case 'text-end':
      case 'reasoning-end': {
        const block = open.get(part.id);
        if (block === undefined) break;
        const metadata = { ...block.metadata, ...part.providerMetadata };
        const kept = Object.keys(metadata).length === 0 ? {} : { providerData: metadata };
        content[block.index] =
          part.type === 'text-end'
            ? { type: 'text', text: block.text }
            : { type: 'reasoning', text: block.text, ...kept };
        open.delete(part.id);
        break;
      }
      case 'tool-input-delta':
        onDelta?.({ type: 'tool-input', text: part.delta });
        break;
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
  // A stream that was cut off without an error still finishes, but no provider has given a reason to stop.
  if (finish === undefined || open.size > 0 || givesNoReason(finish.finishReason))
    throw new AssayError('model-stream-cut', 'the stream ended in the middle of a reply', {
      class: 'model',
      retryable: true,
    });
  const calls = content.some((part) => part.type === 'tool-call');
  return {
    message: { role: 'assistant', content: content.filter((part) => part.type !== 'text' || part.text !== '') },
    stopReason: stopReason(finish.finishReason, calls),
    usage: tokenUsage(finish.usage),
    servedModel,
    rawUsage: finish.usage.raw ?? null,
  };
}

function givesNoReason({ unified, raw }: LanguageModelV3FinishReason): boolean {
  return unified === 'error' || (unified === 'other' && raw === undefined);
}

/** The object, or the text as the model wrote it when it is not one. No input at all is an empty object. */
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
