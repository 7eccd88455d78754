/** One request to the courier, and its answer as a `Response` of which the body tells truly how it ended. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { AssayError } from '../../contracts/index.ts';
import {
  ANSWER_HEADER,
  type Answer,
  answerSchema,
  CALL_HEADER,
  type Call,
  type CourierError,
  END_TRAILER,
  ERROR_HEADER,
  errorSchema,
  fromHeader,
  MAX_HEADER_BYTES,
  toHeader,
} from './courier-protocol.ts';

/** The courier went away before it answered. */
export class LostCourier extends Error {}

/** Throws `LostCourier`, an `AssayError` for what the courier reports, or the signal's reason. `onLost`: the courier went away in the middle of the answer. */
export async function askCourier(
  socketPath: string,
  call: Call,
  body: Buffer,
  signal: AbortSignal | undefined,
  onLost: () => void,
): Promise<{ response: Response; answer: Answer }> {
  const message = await send(socketPath, call, body, signal);
  if (message.headers[ERROR_HEADER] !== undefined) {
    message.resume();
    throw reported(fromHeader(message.headers[ERROR_HEADER], errorSchema));
  }
  const answer = fromHeader(message.headers[ANSWER_HEADER], answerSchema);
  const empty = [204, 205, 304].includes(answer.status);
  if (empty) message.resume();
  const response = new Response(empty ? null : bodyOf(message, onLost), {
    status: answer.status,
    headers: answer.headers,
  });
  return { response, answer };
}

function send(socketPath: string, call: Call, body: Buffer, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        socketPath,
        path: '/call',
        method: 'POST',
        agent: false,
        maxHeaderSize: MAX_HEADER_BYTES,
        headers: { [CALL_HEADER]: toHeader(call) },
        ...(signal === undefined ? {} : { signal }),
      },
      resolve,
    );
    request.on('error', (cause) =>
      reject(signal?.aborted === true ? cause : new LostCourier('the courier does not answer', { cause })),
    );
    request.end(body);
  });
}

function bodyOf(message: IncomingMessage, onLost: () => void): ReadableStream<Uint8Array> {
  const chunks = message[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await chunks.next();
        if (next.done !== true) controller.enqueue(new Uint8Array(next.value as Buffer));
        else if (message.trailers[END_TRAILER] === 'complete') controller.close();
        else if (message.trailers[END_TRAILER] === undefined) throw new LostCourier('the courier ended in mid-answer');
        else controller.error(brokenOff(message.trailers[END_TRAILER]));
      } catch (cause) {
        onLost();
        controller.error(
          new AssayError('model-stream-cut', 'the connection to the courier broke in the middle of a reply', {
            class: 'model',
            retryable: true,
            cause,
          }),
        );
      }
    },
    cancel() {
      message.destroy();
    },
  });
}

function brokenOff(end: string): AssayError {
  return end === 'idle'
    ? new AssayError('model-timeout', 'the model fell silent in the middle of a reply', {
        class: 'model',
        retryable: true,
      })
    : new AssayError('model-stream-cut', 'the connection to the provider broke in the middle of a reply', {
        class: 'model',
        retryable: true,
      });
}

function reported({ code, message }: CourierError): AssayError {
  const own = code === 'internal' || code === 'disk-full';
  return new AssayError(code, message, {
    class: own ? 'infra' : 'model',
    retryable: true,
    ...(code === 'disk-full' ? { hint: 'Free disk space, then resume the run.' } : {}),
  });
}
