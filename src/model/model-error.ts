/** What went wrong with a model call, as a coded error. Lenient about the shapes providers send; keeps their text. */
import { APICallError } from '@ai-sdk/provider';
import { AssayError, type FailureCode } from '../contracts/index.ts';

/** How the providers say that a request does not fit into the context. */
const OVERFLOW =
  /prompt is too long|context_length_exceeded|maximum context length|context window|input token count .*exceeds|too many (input )?tokens|exceed.* context limit/i;
const UNREACHABLE =
  /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|socket hang up|fetch failed|other side closed|Cannot connect to API/i;
const CUT = /terminated|premature|aborted|stream (was )?(cut|closed)|UND_ERR_SOCKET|other side closed/i;

export function modelError(thrown: unknown): AssayError {
  if (thrown instanceof AssayError) return thrown;
  if (APICallError.isInstance(thrown)) return fromApiCall(thrown);
  const text = describe(thrown);
  if (thrown instanceof Error && thrown.name === 'AbortError')
    return new AssayError('cancelled', 'the call was cancelled', {
      class: 'cancelled',
      retryable: true,
      cause: thrown,
    });
  if (/overloaded/i.test(text)) return fault('model-overloaded', text, true, thrown);
  if (/rate.?limit/i.test(text)) return fault('model-rate-limited', text, true, thrown);
  if (OVERFLOW.test(text)) return fault('model-context-overflow', text, false, thrown);
  if (/JSON|type validation|parse|unexpected token|invalid/i.test(text))
    return fault('model-reply-malformed', text, true, thrown);
  if (CUT.test(text)) return fault('model-stream-cut', text, true, thrown);
  if (UNREACHABLE.test(text)) return fault('model-unreachable', text, true, thrown);
  return fault('model-server-error', text, true, thrown);
}

function fromApiCall(error: APICallError): AssayError {
  const status = error.statusCode;
  const text = `${status ?? 'no status'}: ${error.message}${error.responseBody === undefined ? '' : ` ${error.responseBody.slice(0, 500)}`}`;
  const headers = error.responseHeaders ?? {};
  const details = { status, retryAfterMs: retryAfterMs(headers), url: error.url };
  if (OVERFLOW.test(text) && (status === 400 || status === 413))
    return fault('model-context-overflow', text, false, error, details);
  if (status === 429) return fault('model-rate-limited', text, true, error, details);
  if (status === 529 || /overloaded/i.test(text)) return fault('model-overloaded', text, true, error, details);
  if (status === 401 || status === 403)
    return fault('model-auth', text, false, error, details, 'Check the API key and what it may use.');
  if (status === 404) return fault('model-unknown', text, false, error, details, 'Check the name of the model.');
  if (status === 408 || status === 409) return fault('model-server-error', text, true, error, details);
  if (status === undefined)
    return fault(UNREACHABLE.test(text) ? 'model-unreachable' : 'model-stream-cut', text, true, error, details);
  if (status >= 200 && status < 300) return fault('model-reply-malformed', text, true, error, details);
  if (status >= 500) return fault('model-server-error', text, true, error, details);
  return fault('model-request-rejected', text, false, error, details);
}

function fault(
  code: FailureCode,
  text: string,
  retryable: boolean,
  cause: unknown,
  details?: Record<string, unknown>,
  hint?: string,
): AssayError {
  return new AssayError(code, text, {
    class: 'model',
    retryable,
    cause,
    ...(details === undefined ? {} : { details }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The wait a reply asks for: `retry-after-ms`, or `retry-after` in seconds or as a date. */
export function retryAfterMs(headers: Record<string, string>, now: number = Date.now()): number | undefined {
  const milliseconds = Number(headers['retry-after-ms']);
  if (headers['retry-after-ms'] !== undefined && Number.isFinite(milliseconds)) return Math.max(0, milliseconds);
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function describe(thrown: unknown): string {
  const parts: string[] = [];
  for (
    let at: unknown = thrown;
    at !== undefined && at !== null && parts.length < 4;
    at = (at as { cause?: unknown }).cause
  ) {
    const code = (at as { code?: unknown }).code;
    parts.push(
      `${at instanceof Error ? at.message : typeof at === 'string' ? at : JSON.stringify(at)}${typeof code === 'string' ? ` (${code})` : ''}`,
    );
    if (!(at instanceof Error)) break;
  }
  return parts.join(': ');
}
