/** Bodies of requests, never more of them than was agreed. */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { refuse } from './http-problem.ts';

/** Of a JSON body. */
const MAX_JSON_BYTES = 4 * 1024 ** 2;

/** The whole body. Throws 413 as soon as it is known to be longer than `maxBytes`, 400 when it is cut short. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => refuse(413, `the body is larger than ${maxBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw asRefusal(error);
  }
  return Buffer.concat(chunks);
}

/** What went wrong while a body was read: a client that went away is no failure of the server. */
export function asRefusal(error: unknown): unknown {
  const { code } = error as { code?: unknown };
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' ? refuse(400, 'the body was cut short') : error;
}

/** Takes what is left of a short body, so that a client that is still sending gets to read the refusal before the connection ends. */
export async function discardBody(request: IncomingMessage, maxBytes = 1024 ** 2, milliseconds = 1000): Promise<void> {
  if (request.complete || request.destroyed) return;
  await new Promise<void>((resolve) => {
    let bytes = 0;
    const timer = setTimeout(resolve, milliseconds);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) end();
    });
    for (const event of ['end', 'close', 'error']) request.once(event, end);
  });
  request.pause();
}

/** A JSON body of the schema. Throws 400 (with the first problem and its place), 413, 415. */
export async function readJson<Schema extends z.ZodType>(
  request: IncomingMessage,
  schema: Schema,
  maxBytes = MAX_JSON_BYTES,
): Promise<z.output<Schema>> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) throw refuse(415, 'the body must be application/json');
  const body = await readBody(request, maxBytes);
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw refuse(400, 'the body is no JSON');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(400, `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not of the right form'}`);
}

/** A form as `multipart/form-data`; none of its fields may be a file. Throws 400, 413, 415. */
export async function readForm(request: IncomingMessage, maxBytes: number): Promise<FormData> {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*;/i.test(type)) throw refuse(415, 'the body must be multipart/form-data');
  const body = await readBody(request, maxBytes);
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  } catch {
    throw refuse(400, 'the body is no form');
  }
}
