/** One JSON request to a critic's server, with the retries that such servers need. */
import { APICallError } from '@ai-sdk/provider';
import { AssayError, toFailure } from '../../contracts/index.ts';
import { abortableSleep } from '../../model/abortable-sleep.ts';
import { modelError, retryAfterMs } from '../../model/model-error.ts';

export interface CriticEndpoint {
  /** With or without `/v1`; the path of the call is added. */
  url: string;
  model: string;
  /** Sent as bearer token when given. */
  apiKey?: string;
  /** Of one try. Default 300 s. */
  timeoutMs?: number;
  /** In all. Default 5. */
  tries?: number;
  /** Longest first wait between tries; it doubles. Default 1 s. */
  baseMs?: number;
  /** Longest wait between tries, whatever the server asks for: attempts wait for their score. Default 60 s. */
  maxWaitMs?: number;
}

/** The reply's JSON. Throws `AssayError` of class `model`, or `cancelled`; what may go away is tried again. */
export async function postJson(
  endpoint: CriticEndpoint,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const { tries = 5, baseMs = 1_000, maxWaitMs = 60_000 } = endpoint;
  for (let failed = 1; ; failed++) {
    try {
      return await postOnce(endpoint, path, body, signal);
    } catch (thrown) {
      const failure = toFailure(thrown);
      if (failure.retryable !== true || failure.class !== 'model' || failed >= tries) throw thrown;
      const asked = failure.details?.retryAfterMs;
      const wait = typeof asked === 'number' ? asked : baseMs * 2 ** (failed - 1);
      await abortableSleep(Math.min(wait, maxWaitMs), signal);
    }
  }
}

async function postOnce(endpoint: CriticEndpoint, path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
  const { timeoutMs = 300_000, apiKey } = endpoint;
  const url = `${endpoint.url.replace(/\/+$/, '')}${path}`;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, timeout]),
    });
    const text = await response.text();
    if (response.ok) return parseReply(text, url);
    throw refused(response, text, url);
  } catch (thrown) {
    if (signal.aborted)
      throw new AssayError('cancelled', 'the call was cancelled', {
        class: 'cancelled',
        retryable: true,
        cause: thrown,
      });
    if (timeout.aborted) {
      throw new AssayError('model-timeout', `${url} gave no answer in ${timeoutMs / 1000} s`, {
        class: 'model',
        retryable: true,
        cause: thrown,
      });
    }
    throw modelError(thrown);
  }
}

function parseReply(text: string, url: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw malformedReply(`${url} answered with something that is no JSON: ${text.slice(0, 200)}`, cause);
  }
}

function refused(response: Response, responseBody: string, url: string): AssayError {
  const responseHeaders = Object.fromEntries(response.headers.entries());
  const error = modelError(
    new APICallError({
      message: response.statusText,
      url,
      requestBodyValues: {},
      statusCode: response.status,
      responseHeaders,
      responseBody,
    }),
  );
  const wait = retryAfterMs(responseHeaders);
  return wait === undefined
    ? error
    : new AssayError(error.code, error.message, {
        class: error.failureClass,
        retryable: error.retryable,
        details: { ...error.details, retryAfterMs: wait },
      });
}

/** A server that says something other than its contract: asking again does not help. */
export function malformedReply(message: string, cause?: unknown): AssayError {
  return new AssayError('model-reply-malformed', message, {
    class: 'model',
    retryable: false,
    hint: 'Check that the server serves the critic that this client is for.',
    cause,
  });
}
