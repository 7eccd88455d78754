/** Events as they lie in an attempt's log: long strings stay references into `blobs/`, and only what the pages show is read. Format: `docs/run-store.md`. */
import { z } from 'zod';
import { costSchema, interventionSchema, sandboxReceiptSchema } from '../contracts/index.ts';

const blobReferenceSchema = z.object({ $blob: z.string().regex(/^sha256:[0-9a-f]{64}$/), bytes: z.number() });
export type BlobReference = z.infer<typeof blobReferenceSchema>;

export const storedTextSchema = z.union([z.string(), blobReferenceSchema]);
export type StoredText = z.infer<typeof storedTextSchema>;

const textPart = z.object({ type: z.literal('text'), text: storedTextSchema });
const imagePart = z.object({ type: z.literal('image'), mediaType: z.string(), data: storedTextSchema });
const seenParts = z.array(z.discriminatedUnion('type', [textPart, imagePart]));
export type StoredPart = z.infer<typeof seenParts>[number];

const userMessage = z.object({ content: seenParts });
const step = z.number().int();

const replySchema = z.object({
  message: z.object({
    content: z.array(
      z.discriminatedUnion('type', [
        textPart,
        z.object({ type: z.literal('reasoning'), text: storedTextSchema }),
        z.object({ type: z.literal('tool-call'), id: z.string(), name: z.string(), input: z.unknown() }),
      ]),
    ),
  }),
  usage: z.object({
    inputUncached: z.number(),
    cacheRead: z.number(),
    cacheWrite5m: z.number(),
    cacheWrite1h: z.number(),
    output: z.number(),
  }),
  cost: costSchema,
  servedModel: z.string().nullable(),
  latencyMs: z.number(),
  journalEntry: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .catch(undefined),
});

const toolEndSchema = z.object({
  type: z.literal('tool-end'),
  step,
  result: z.object({ callId: z.string(), content: seenParts, isError: z.boolean() }),
  durationMs: z.number(),
  exitCode: z.number().nullable().optional(),
  cutBytes: z.number().optional(),
  repeated: z.string().optional(),
});
export type StoredToolEnd = z.infer<typeof toolEndSchema>;

const storedEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('prompt-start'), system: storedTextSchema, firstMessage: z.unknown() }),
  z.object({ type: z.literal('message-add'), step, message: userMessage }),
  z.object({ type: z.literal('reply-end'), at: z.string(), step, reply: replySchema }),
  toolEndSchema,
  z.object({ type: z.literal('step-end'), step, value: z.number().optional() }),
  interventionSchema.extend({ type: z.literal('intervention'), step, hint: storedTextSchema }),
  z.object({ type: z.literal('attempt-start'), sandbox: z.object({ backend: z.string(), tier: z.string() }) }),
  z.object({
    type: z.literal('attempt-import'),
    format: z.string(),
    file: z.string(),
    leak: storedTextSchema.optional(),
  }),
  z.object({ type: z.literal('score-end'), critic: z.string(), score: z.number() }),
  z.object({ type: z.literal('attempt-end'), sandboxUsage: sandboxReceiptSchema.optional() }),
]);
export type StoredEvent = z.infer<typeof storedEventSchema>;

const SHOWN_TYPES: ReadonlySet<string> = new Set(storedEventSchema.options.map((option) => option.shape.type.value));

/** Null for events that the pages do not show, and for lines that are no such event: a page says more with one step missing than not at all. */
export function parseStoredEvent(value: unknown): StoredEvent | null {
  const type = (value as { type?: unknown } | null)?.type;
  if (typeof type !== 'string' || !SHOWN_TYPES.has(type)) return null;
  return storedEventSchema.safeParse(value).data ?? null;
}

/** The parts of the first message; empty when it is none. */
export function storedMessageParts(message: unknown): StoredPart[] {
  return userMessage.safeParse(message).data?.content ?? [];
}
