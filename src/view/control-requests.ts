/** Requests that change something: JSON in, JSON out. A page of another site cannot send this content type without being asked for permission, which it does not get. */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { AssayError } from '../contracts/index.ts';
import { annotate, annotateRequestSchema } from './annotate.ts';
import type { RunCache } from './run-cache.ts';
import {
  forkRequestSchema,
  type RunControls,
  requeueRequestSchema,
  resumeRequestSchema,
  startRequestSchema,
  stopRequestSchema,
} from './run-controls.ts';

const MAX_BODY_BYTES = 1024 * 1024;

interface Powers {
  controls: RunControls;
  cache: RunCache;
}

type Perform = (powers: Powers, body: unknown) => Promise<object>;

const REQUESTS: Readonly<Record<string, Perform>> = {
  start: async ({ controls }, body) => await controls.start(checked(startRequestSchema, body)),
  fork: async ({ controls }, body) => await controls.fork(checked(forkRequestSchema, body)),
  requeue: async ({ controls }, body) => await controls.requeue(checked(requeueRequestSchema, body)),
  stop: async ({ controls }, body) => {
    await controls.stop(checked(stopRequestSchema, body));
    return {};
  },
  resume: async ({ controls }, body) => {
    await controls.resume(checked(resumeRequestSchema, body));
    return {};
  },
  annotate: async ({ cache }, body) => await annotate(cache, checked(annotateRequestSchema, body)),
};

/** What to do for `control/<name>`; undefined for a name that means nothing. */
export function controlRequest(name: string): Perform | undefined {
  return Object.hasOwn(REQUESTS, name) ? REQUESTS[name] : undefined;
}

/** The body of a request. Throws `config-invalid` for one that is too long or no JSON. */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    throw unusable('the content type is not JSON');
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) throw unusable(`it is longer than ${MAX_BODY_BYTES} bytes`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch (error) {
    throw unusable((error as Error).message);
  }
}

function checked<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw unusable(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

function unusable(why: string): AssayError {
  return new AssayError('config-invalid', `The request cannot be used: ${why}.`, { class: 'input', retryable: false });
}
