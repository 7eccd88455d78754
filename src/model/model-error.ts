/** What went wrong with a model call, as a coded error. Lenient about the shapes providers send; keeps their text. */
import { APICallError, InvalidResponseDataError, JSONParseError, TypeValidationError } from '@ai-sdk/provider';
import { AssayError, type FailureCode } from '../contracts/index.ts';

/** How the providers say that a request does not fit into the context. */
const OVERFLOW =
  /prompt is too long|context_length_exceeded|context length|context window|context size|context limit|token count \S* ?exceeds|too many (input )?tokens|request_too_large|reduce the length/i;
/** An account without money looks like a rate limit at OpenAI, but waiting does not help. */
const NO_CREDIT = /insufficient_quota|exceeded your current quota|credit balance is too low|insufficient balance/i;
const OVERLOADED = /overloaded|slow_down|UNAVAILABLE|high demand/i;
const RATE_LIMITED = /rate.?limit|RESOURCE_EXHAUSTED|too many requests/i;
const REJECTED = /invalid_request_error|invalid_prompt|INVALID_ARGUMENT|authentication_error|permission_error/i;
const UNREACHABLE =
  /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT|socket hang up|fetch failed|other side closed|Cannot connect to API/i;
const CUT = /terminated|premature|stream (was )?(cut|closed)|UND_ERR_SOCKET|UND_ERR_BODY/i;

export function modelError(thrown: unknown): AssayError {
  if (thrown instanceof AssayError) return thrown;
  // The packages wrap what our own `fetch` threw.
  if (thrown instanceof Error && thrown.cause instanceof AssayError) return thrown.cause;
  if (APICallError.isInstance(thrown)) return fromApiCall(thrown);
  const text = describe(thrown);
  if (thrown instanceof Error && thrown.name === 'AbortError')
    return new AssayError('cancelled', 'the call was cancelled', {
      class: 'cancelled',
      retryable: true,
      cause: thrown,
    });
  const malformed =
    JSONParseError.isInstance(thrown) ||
    TypeValidationError.isInstance(thrown) ||
    InvalidResponseDataError.isInstance(thrown);
  if (malformed) return fault('model-reply-malformed', text, true, thrown);
  if (thrown instanceof Error) {
    if (CUT.test(text)) return fault('model-stream-cut', text, true, thrown);
    if (UNREACHABLE.test(text)) return fault('model-unreachable', text, true, thrown);
  }
  return fromStreamError(text, thrown);
}

/** An error event inside a stream that had begun well. */
function fromStreamError(text: string, cause: unknown): AssayError {
  if (OVERFLOW.test(text)) return fault('model-context-overflow', text, false, cause);
  if (NO_CREDIT.test(text)) return noCredit(text, cause);
  if (OVERLOADED.test(text)) return fault('model-overloaded', text, true, cause);
  if (RATE_LIMITED.test(text)) return fault('model-rate-limited', text, true, cause);
  if (REJECTED.test(text)) return fault('model-request-rejected', text, false, cause);
  return fault('model-server-error', text, true, cause);
}

function fromApiCall(error: APICallError): AssayError {
  const status = error.statusCode;
  const body = error.responseBody?.slice(0, 500) ?? '';
  const text = `${status ?? 'no status'}: ${error.message}${body === '' || body === error.message ? '' : ` ${body}`}`;
  const wait = retryAfterMs(error.responseHeaders ?? {});
  const details = { status, url: error.url, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
  if (status === undefined)
    return fault(CUT.test(describe(error)) ? 'model-stream-cut' : 'model-unreachable', text, true, error, details);
  if (status === 413 || (status === 400 && OVERFLOW.test(text)))
    return fault('model-context-overflow', text, false, error, details);
  if (status < 500 && NO_CREDIT.test(text)) return noCredit(text, error, details);
  if (status === 429) return fault('model-rate-limited', text, true, error, details);
  if (status === 529 || (status >= 500 && OVERLOADED.test(text)))
    return fault('model-overloaded', text, true, error, details);
  if (status === 401 || status === 403)
    return fault('model-auth', text, false, error, details, 'Check the API key and what it may use.');
  if (status === 404)
    return fault('model-unknown', text, false, error, details, 'Check the name of the model and the base URL.');
  if (status === 408 || status === 409 || status >= 500) return fault('model-server-error', text, true, error, details);
  if (status >= 200 && status < 300) return fault('model-reply-malformed', text, true, error, details);
  return fault('model-request-rejected', text, false, error, details);
}

function noCredit(text: string, cause: unknown, details?: Record<string, unknown>): AssayError {
  return fault('model-auth', text, false, cause, details, 'The account has no credit left; top it up and resume.');
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

/** The wait a reply asks for, in milliseconds: `retry-after-ms`, or `retry-after` in seconds or as an HTTP date (RFC 9110, 10.2.3). */
export function retryAfterMs(headers: Record<string, string>, now: number = Date.now()): number | undefined {
  const exact = headers['retry-after-ms'];
  if (exact !== undefined && Number.isFinite(Number(exact))) return Math.max(0, Number(exact));
  const value = headers['retry-after'];
  if (value === undefined || value.trim() === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** The message with those of its causes and their codes. */
function describe(thrown: unknown): string {
  const parts: string[] = [];
  for (let at = thrown; at !== undefined && at !== null && parts.length < 4; ) {
    if (!(at instanceof Error)) {
      parts.push(typeof at === 'string' ? at : JSON.stringify(at));
      break;
    }
    const { code } = at as { code?: unknown };
    parts.push(`${at.message}${typeof code === 'string' ? ` (${code})` : ''}`);
    at = at.cause;
  }
  return parts.join(': ');
}
