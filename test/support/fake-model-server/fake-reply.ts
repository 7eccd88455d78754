/** What the fake provider says, apart from any wire format. */
export interface FakeReply {
  /** Comes before the text. `signature` must come back unchanged in the next request. */
  thinking?: { text: string; signature: string };
  /** Encrypted thinking that has no text (Anthropic alone). */
  redactedThinking?: string;
  text?: string;
  /** A string as input is sent as it is, also when it is no JSON. */
  calls?: { name: string; input: unknown; id?: string }[];
  usage?: FakeUsage;
  /** Further choices of the same reply (Chat Completions alone), mixed into its stream. `cut`: it ends without a finish. */
  choices?: (Pick<FakeReply, 'text' | 'calls'> & { cut?: boolean })[];
  /** Default: `tool-use` with calls, else `end`. */
  stop?: 'end' | 'tool-use' | 'max-tokens' | 'refusal' | 'context-overflow';
}

/** Disjoint counts; each format adds them up its own way. `output` contains `reasoning`. */
export interface FakeUsage {
  uncached: number;
  cacheRead: number;
  cacheWrite: number;
  /** Of `cacheWrite`, what lives an hour. */
  cacheWrite1h?: number;
  output: number;
  reasoning?: number;
}

export const NO_USAGE: FakeUsage = { uncached: 10, cacheRead: 0, cacheWrite: 0, output: 5 };

export function stopOf(reply: FakeReply): NonNullable<FakeReply['stop']> {
  return reply.stop ?? ((reply.calls ?? []).length > 0 ? 'tool-use' : 'end');
}

/** One server-sent event. */
export function event(data: object & { type?: string }): string {
  return `${data.type === undefined ? '' : `event: ${data.type}\n`}data: ${JSON.stringify(data)}\n\n`;
}

export const inputText = (input: unknown): string => (typeof input === 'string' ? input : JSON.stringify(input));

/** A text in about three parts, none of which splits a code point. */
export function pieces(text: string): string[] {
  const size = Math.max(1, Math.ceil(text.length / 3));
  return text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'gu')) ?? [];
}
