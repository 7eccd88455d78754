/**
 * Several choices from one call of Chat Completions: `n` is put into the request, and the stream that comes back, in which the choices are mixed, is taken apart into one stream per choice, as the provider packages
 * read one alone. Usage goes with the first. Format: server-sent events, chunks with `choices[].index`, `[DONE]` at the end.
 */
import { z } from 'zod';

type Fetch = typeof globalThis.fetch;

const chunkSchema = z.looseObject({
  choices: z.array(z.looseObject({ index: z.number().int() })),
  usage: z.unknown().optional(),
});
type Chunk = z.infer<typeof chunkSchema>;

const EVENT_END = /\r?\n\r?\n/;

export class ChoiceStreams {
  private readonly count: number;
  private readonly alive: () => void;
  /** Events of the choices after the first, by index. */
  private readonly others = new Map<number, string[]>();
  private stored: string | undefined;

  /** `alive` is called with every event, whichever choice it belongs to. */
  constructor(count: number, alive: () => void) {
    this.count = count;
    this.alive = alive;
  }

  /** The first request goes out and is answered by the first choice; each later one is answered by the choice that `next` made ready. */
  readonly around =
    (fetch: Fetch): Fetch =>
    async (input, init) => {
      const { stored } = this;
      this.stored = undefined;
      if (stored !== undefined) return new Response(stored, { headers: { 'content-type': 'text/event-stream' } });
      const response = await fetch(input, withChoices(init, this.count));
      const isStream = response.headers.get('content-type')?.includes('text/event-stream') === true;
      if (!response.ok || response.body === null || !isStream) return response;
      return new Response(this.firstOf(response.body), { status: response.status, headers: response.headers });
    };

  /** Makes the next of the other choices ready; false when there is none left. To be called when the first stream has been read. */
  next(): boolean {
    if (this.others.size === 0) return false;
    const index = Math.min(...this.others.keys());
    this.stored = this.others.get(index)?.join('') ?? '';
    this.others.delete(index);
    return true;
  }

  private firstOf(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    let rest = '';
    return body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (bytes, controller) => {
          const events = `${rest}${decoder.decode(bytes, { stream: true })}`.split(EVENT_END);
          rest = events.pop() ?? '';
          this.alive();
          for (const event of events) {
            const own = this.sortOut(event);
            if (own !== null) controller.enqueue(encoder.encode(own));
          }
        },
        flush: (controller) => {
          if (rest !== '') controller.enqueue(encoder.encode(rest));
        },
      }),
    );
  }

  /** Keeps what belongs to other choices, and returns what belongs to the first; null for nothing. */
  private sortOut(event: string): string | null {
    const data = /^data: ?(.*)$/m.exec(event)?.[1];
    const chunk = data === undefined ? undefined : parseChunk(data);
    if (chunk === undefined) {
      if (data === '[DONE]') for (const events of this.others.values()) events.push(`${event}\n\n`);
      return `${event}\n\n`;
    }
    for (const choice of chunk.choices) {
      if (choice.index <= 0) continue;
      const events = this.others.get(choice.index) ?? [];
      this.others.set(choice.index, events);
      events.push(eventOf({ ...chunk, choices: [{ ...choice, index: 0 }], usage: null }));
    }
    const own = chunk.choices.filter((choice) => choice.index <= 0);
    const isOthers = own.length === 0 && chunk.choices.length > 0 && chunk.usage == null;
    return isOthers ? null : eventOf({ ...chunk, choices: own });
  }
}

function withChoices(init: RequestInit | undefined, count: number): RequestInit | undefined {
  if (typeof init?.body !== 'string') return init;
  return { ...init, body: JSON.stringify({ ...(JSON.parse(init.body) as object), n: count }) };
}

/** Undefined for what is no chunk with choices: `[DONE]`, errors, pings. */
function parseChunk(data: string): Chunk | undefined {
  try {
    return chunkSchema.safeParse(JSON.parse(data)).data;
  } catch {
    return undefined;
  }
}

function eventOf(chunk: Chunk): string {
  return `data: ${JSON.stringify(chunk)}\n\n`;
}
