/** Servers of critics' kind on loopback: `/pooling` and `/classify` as vLLM answers them, `/chat/completions` as judges do, and whatever else a test wants. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ChatMessage } from '../../src/critic/chat/chat-messages.ts';
import { qwen25Text } from '../../src/critic/chat/qwen25-text.ts';

export interface CriticAnswer {
  status?: number;
  headers?: Record<string, string>;
  body: unknown;
}

export type Answering = (
  body: Record<string, unknown>,
  path: string,
  nth: number,
) => CriticAnswer | 'hang-up' | 'silence';

export interface FakeCriticServer {
  url: string;
  seen: { path: string; body: Record<string, unknown>; auth: string | undefined }[];
  close(): void;
}

export async function startFakeCriticServer(answering: Answering): Promise<FakeCriticServer> {
  const seen: FakeCriticServer['seen'] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
    const path = request.url ?? '';
    seen.push({ path, body, auth: request.headers.authorization });
    const answer = answering(body, path, seen.length);
    if (answer === 'silence') return;
    if (answer === 'hang-up') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Tokens as the real server would give them: the marks as their ids, every other character as one token. */
export function tokensOf(messages: readonly ChatMessage[]): number[] {
  const parts = qwen25Text(messages).text.split(/(<\|im_start\|>assistant|<\|im_start\|>|<\|im_end\|>)/);
  return parts.flatMap((part) => {
    if (part === '<|im_start|>assistant') return [151644, 77091];
    if (part === '<|im_start|>') return [151644];
    if (part === '<|im_end|>') return [151645];
    return [...part].map((character) => character.codePointAt(0) ?? 0);
  });
}

/** The value of a token is its place over 1,000; `wrap`: in lists of one; `cut`: so many tokens lost at the beginning. */
export function poolingAnswers({ wrap = false, cut = 0 } = {}): Answering {
  return ({ messages }) => {
    const ids = tokensOf(messages as ChatMessage[]).slice(cut);
    const values = ids.map((_, at) => at / 1000);
    return { body: { data: [{ data: wrap ? values.map((one) => [one]) : values, prompt_token_ids: ids }] } };
  };
}
