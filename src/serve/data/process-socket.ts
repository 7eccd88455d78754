/** A process over one WebSocket: the client starts it or attaches to it, gets its output as frames, gives input, acknowledges and signals. The same rules as over requests. */
import { on } from 'node:events';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import type { z } from 'zod';
import {
  clientIdSchema,
  SESSION_KEY_HEADER,
  STDIN_CHUNK_BYTES,
  socketBeginSchema,
  socketMessageSchema,
} from '../../sandbox/remote/api.ts';
import type { HostedSandbox } from '../control/hosted-sandbox.ts';
import type { SandboxRegistry } from '../control/sandbox-registry.ts';
import { type HttpProblem, refuse, toProblem } from '../http/http-problem.ts';
import type { WebsocketRoute } from '../http/websocket-door.ts';
import { unauthorized } from '../keys/authenticator.ts';
import type { HostedProcess } from './hosted-process.ts';
import { sendOutput } from './send-output.ts';

/** Base64 and some words around it. */
const MAX_MESSAGE_BYTES = 2 * STDIN_CHUNK_BYTES;
const FIRST_MESSAGE_MS = 10_000;
const DONE = 1000;
/** Private codes (RFC 6455, 7.4.2): 4000 and the status that a request would have got. */
const REFUSED = 4000;
const REPLACED = REFUSED + 409;
/** A reason has at most 123 bytes (RFC 6455, 5.5). */
const MAX_REASON = 40;

type SocketMessage = z.output<typeof socketMessageSchema>;

/** `onError`: told what went wrong inside the server. */
export function processSocket(registry: SandboxRegistry, onError: (error: unknown) => void): WebsocketRoute {
  const handshakes = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  return {
    path: '/v1/sandboxes/{id}/processes/{process}/socket',
    async serve({ client, params, note }) {
      const { request, socket, bytes } = client;
      const sessionKey = request.headers[SESSION_KEY_HEADER];
      const hosted =
        typeof sessionKey === 'string' ? registry.findBySessionKey(params.id ?? '', sessionKey) : undefined;
      if (hosted === undefined)
        throw unauthorized("the sandbox's session key is needed, in the header X-Session-API-Key");
      note(`sandbox ${hosted.id}`);
      const id = clientIdSchema.safeParse(params.process);
      if (!id.success) throw refuse(400, `process: ${id.error.issues[0]?.message ?? 'no id'}`);
      await hosted.serve(() =>
        hosted.connected(async () => {
          client.isAccepted = true; // an odd handshake is answered by the library
          const closed = new Promise((resolve) => socket.once('close', resolve));
          handshakes.handleUpgrade(request, socket, bytes, (websocket) => {
            void talk(websocket, hosted, id.data).catch(onError);
          });
          await closed;
        }, 'named'),
      );
    },
  };
}

/** From the first message to the end of the connection. */
async function talk(websocket: WebSocket, hosted: HostedSandbox, processId: string): Promise<void> {
  websocket.on('error', () => {}); // `close` follows
  const messages = textsOf(websocket);
  try {
    const begin = socketBeginSchema.parse(JSON.parse(await firstOf(messages)));
    const process = 'start' in begin ? await hosted.spawn(processId, begin.start) : await hosted.process(processId);
    const offsets = 'start' in begin ? { stdout: 0, stderr: 0 } : begin.attach;
    void obeyAll(websocket, process, messages);
    const stream = messagesOf(websocket);
    const end = await sendOutput(process, offsets, { stream, begin() {}, flush() {} });
    await new Promise((resolve) => stream.end(resolve));
    if (end === 'all') websocket.close(DONE);
    else if (end === 'replaced') websocket.close(REPLACED, 'another connection gets the output now');
  } catch (thrown) {
    const problem = toProblem(wrongWords(thrown));
    tell(websocket, problem);
    websocket.close(REFUSED + problem.status, problem.failure.message.slice(0, MAX_REASON));
    if (problem.status === 500) throw thrown;
  } finally {
    await messages.return(undefined);
  }
}

/** Messages in their order, also those that came before they are asked for; the end when the connection ends or is broken. */
async function* textsOf(websocket: WebSocket): AsyncGenerator<string, void, undefined> {
  const messages = on(websocket, 'message', { close: ['close'] });
  try {
    for await (const [data] of messages) yield String(data);
  } catch {
    // the library says so to the client: the end of the connection tells
  }
}

/** Throws 408 when none comes. */
async function firstOf(messages: AsyncGenerator<string>): Promise<string> {
  const first = await Promise.race([messages.next(), sleep(FIRST_MESSAGE_MS, undefined, { ref: false })]);
  if (first === undefined || first.done === true)
    throw refuse(408, 'the first message says which process to start, or from where on its output is wanted');
  return first.value;
}

/** What was sent ahead of the process's start waits for it. Input that the process does not take yet holds up nothing else. */
async function obeyAll(websocket: WebSocket, process: HostedProcess, messages: AsyncGenerator<string>): Promise<void> {
  for await (const text of messages) void obey(websocket, process, text);
}

/** What does not fit is told and changes nothing: the connection lives on. */
async function obey(websocket: WebSocket, process: HostedProcess, text: string): Promise<void> {
  try {
    await carryOut(websocket, process, socketMessageSchema.parse(JSON.parse(text)));
  } catch (thrown) {
    tell(websocket, toProblem(wrongWords(thrown)));
  }
}

async function carryOut(websocket: WebSocket, process: HostedProcess, message: SocketMessage): Promise<void> {
  if ('ack' in message) process.acknowledge(message.ack);
  else if ('signal' in message) process.kill(message.signal);
  else {
    const { offset, bytes, last } = message.input;
    const given = Buffer.from(bytes, 'base64');
    await process.admitInput(() => process.write(offset, given, last));
    websocket.send(JSON.stringify({ taken: offset + given.length }));
  }
}

function wrongWords(thrown: unknown): unknown {
  if (thrown instanceof SyntaxError) return refuse(400, 'a message is a JSON object');
  const issue = (thrown as z.ZodError).issues?.[0];
  return issue === undefined ? thrown : refuse(400, `${issue.path.join('.')}: ${issue.message}`);
}

function tell(websocket: WebSocket, { status, failure, retryAfterSeconds }: HttpProblem): void {
  websocket.send(JSON.stringify({ error: failure, status, retryAfterSeconds }));
}

/** Each chunk that is written is one binary message; it waits when the client does not read. */
function messagesOf(websocket: WebSocket): Writable {
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => websocket.send(chunk, done),
  });
  stream.on('error', () => {}); // the connection is closed
  websocket.once('close', () => stream.destroy());
  return stream;
}
