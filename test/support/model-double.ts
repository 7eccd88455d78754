/** A `Model` in memory that follows a script: fails on a call it has no line for, and at `close` on lines that are left over. */
import {
  AssayError,
  type Model,
  type ModelCallOptions,
  type ModelReply,
  type ModelRequest,
  type StopReason,
} from '../../src/contracts/index.ts';

type ReplyPart = ModelReply['message']['content'][number];

export interface DoubleLine {
  content: ReplyPart[];
  stopReason?: StopReason;
  /** Dollars; null is an unknown cost. Default 0.01. */
  usd?: number | null;
  /** Uncached input tokens. Default 10; 5 tokens of output come with each reply. */
  tokens?: number;
  /** Milliseconds before the reply comes; an abort ends the wait with `cancelled`. */
  latencyMs?: number;
}

export class ModelDouble implements Model {
  readonly id: string;
  contextTokens: number | null = null;
  /** Copies of what was asked, and under which keys. */
  readonly requests: ModelRequest[] = [];
  readonly callKeys: string[] = [];
  private readonly lines: (DoubleLine | AssayError)[];

  constructor(lines: readonly (DoubleLine | AssayError)[], id = 'double/model') {
    this.lines = [...lines];
    this.id = id;
  }

  async complete(request: ModelRequest, { callKey, signal }: ModelCallOptions): Promise<ModelReply> {
    this.requests.push(structuredClone(request));
    this.callKeys.push(callKey);
    const line = this.lines.shift();
    if (line === undefined)
      throw new AssayError('script-unexpected', `no line is left for ${callKey}`, { class: 'model', retryable: false });
    if (line instanceof AssayError) throw line;
    if (line.latencyMs !== undefined) await pause(line.latencyMs, signal);
    return replyOf(line);
  }

  async close(): Promise<void> {
    const left = this.lines.length;
    this.lines.length = 0;
    if (left > 0)
      throw new AssayError('script-unconsumed', `${left} lines are left`, { class: 'model', retryable: false });
  }
}

/** A tool call as a model writes it. */
export function callPart(id: string, name: string, input: unknown, malformed = false): ReplyPart {
  return { type: 'tool-call', id, name, input, ...(malformed ? { malformed } : {}) };
}

export function textPart(text: string): ReplyPart {
  return { type: 'text', text };
}

function replyOf(line: DoubleLine): ModelReply {
  const calls = line.content.some((part) => part.type === 'tool-call');
  const input = { inputUncached: line.tokens ?? 10, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 };
  return {
    message: { role: 'assistant', content: structuredClone(line.content) },
    stopReason: line.stopReason ?? (calls ? 'tool-use' : 'end'),
    usage: { ...input, output: 5, reasoning: null },
    cost: line.usd === null ? { kind: 'unknown' } : { kind: 'measured', usd: line.usd ?? 0.01 },
    servedModel: 'double',
    latencyMs: line.latencyMs ?? 1,
    retries: [],
    rawUsage: null,
    source: 'scripted',
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = () => {
      clearTimeout(timer);
      reject(new AssayError('cancelled', 'the call was cancelled', { class: 'cancelled', retryable: true }));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', cancel);
      resolve();
    }, milliseconds);
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
  });
}
