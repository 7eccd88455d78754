/** The history of one attempt. Append-only, so that each request begins with all of the one before and provider caches hit. */
import type { AssistantMessage, ModelMessage, ModelRequest, ToolResult, UserMessage } from '../contracts/index.ts';

export class Conversation {
  private readonly fixed: Omit<ModelRequest, 'messages'>;
  private readonly messages: ModelMessage[];

  /** `fixed`: what all requests share; nothing in it may change from step to step. */
  constructor(fixed: Omit<ModelRequest, 'messages'>, first: UserMessage) {
    this.fixed = fixed;
    this.messages = [first];
  }

  /** The next request; later additions do not change it. */
  request(): ModelRequest {
    return { ...this.fixed, messages: [...this.messages] };
  }

  /** How much there is: what `cut` takes. */
  get length(): number {
    return this.messages.length;
  }

  /** Forgets what came after: the one exception from append-only, and the prefix is still cached. */
  cut(length: number): void {
    this.messages.length = Math.min(length, this.messages.length);
  }

  addReply(message: AssistantMessage): void {
    this.messages.push(sendable(message));
  }

  addResults(results: readonly ToolResult[]): void {
    this.messages.push({ role: 'tool', results: [...results] });
  }

  say(text: string): void {
    this.messages.push({ role: 'user', content: [{ type: 'text', text }] });
  }
}

/** A reply in the form that can be sent back: providers refuse blank text and messages without content. */
function sendable(message: AssistantMessage): AssistantMessage {
  const content = message.content.filter((part) => part.type !== 'text' || part.text.trim() !== '');
  const says = content.some((part) => part.type !== 'reasoning');
  return { role: 'assistant', content: says ? content : [...content, { type: 'text', text: '(empty)' }] };
}
