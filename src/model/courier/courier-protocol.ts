/**
 * What the courier and its clients say to each other: HTTP over a unix socket.
 *
 * `GET /lease`: answered at once and kept open; as long as one is open the courier stays. `POST /call`: the body is the provider's body, everything else of the call stands in the
 * header `x-assay-call`. The answer is the provider's, as it comes; a trailer tells how it ended, and is sent only when the reply is durable.
 */
import { z } from 'zod';

export const CALL_HEADER = 'x-assay-call';
export const ANSWER_HEADER = 'x-assay-answer';
/** Set instead of `ANSWER_HEADER` when there is no answer of the provider's. */
export const ERROR_HEADER = 'x-assay-error';
/** Trailer: an `End`. */
export const END_TRAILER = 'x-assay-end';
/** Headers of providers travel inside a header. */
export const MAX_HEADER_BYTES = 256 * 1024;

export const callSchema = z.object({
  key: z.string(),
  url: z.string(),
  method: z.string(),
  /** With the API key: these never leave the memory of both processes. */
  headers: z.record(z.string(), z.string()),
  /** Milliseconds without a byte from the provider after which the call is given up. */
  idleMs: z.number().positive(),
});
export type Call = z.infer<typeof callSchema>;

export const answerSchema = z.object({
  status: z.number().int(),
  headers: z.record(z.string(), z.string()),
  source: z.enum(['live', 'journal']),
  maybePaidTwice: z.boolean(),
});
export type Answer = z.infer<typeof answerSchema>;

/** `broken`: the connection to the provider broke. `idle`: the provider fell silent. */
export const endSchema = z.enum(['complete', 'broken', 'idle']);
export type End = z.infer<typeof endSchema>;

export const errorSchema = z.object({
  code: z.enum(['model-unreachable', 'model-timeout', 'disk-full', 'internal']),
  message: z.string(),
});
export type CourierError = z.infer<typeof errorSchema>;

/** `courier.json` in the journal: where the courier of this run is to be found. */
export const addressSchema = z.object({ pid: z.number(), socket: z.string() });

export function toHeader(value: Call | Answer | CourierError): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

export function fromHeader<T>(header: string | string[] | undefined, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(Buffer.from(String(header ?? ''), 'base64').toString()));
}
