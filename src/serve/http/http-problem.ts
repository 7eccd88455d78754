/** Refusals of the server: a status, and the failure that stands in the body. */
import { type Failure, type FailureCode, toFailure } from '../../contracts/index.ts';

/** What a handler throws to refuse a request; `retryAfterSeconds` becomes `Retry-After`. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly failure: Failure;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, failure: Failure, retryAfterSeconds?: number) {
    super(failure.message);
    this.name = 'HttpProblem';
    this.status = status;
    this.failure = failure;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A refusal of what the client sent; the same request will be refused again. */
export function refuse(status: number, message: string, code: FailureCode = 'usage', hint?: string): HttpProblem {
  const failure: Failure = { code, class: 'input', message, retryable: false };
  return new HttpProblem(status, hint === undefined ? failure : { ...failure, hint });
}

/** A refusal for now. */
export function busy(message: string, retryAfterSeconds: number, status = 429): HttpProblem {
  const failure: Failure = { code: 'sandbox-unavailable', class: 'infra', message, retryable: true };
  return new HttpProblem(status, failure, retryAfterSeconds);
}

/** Another tenant's things and things that do not exist look the same. */
export function notFound(what: string): HttpProblem {
  return new HttpProblem(404, { code: 'sandbox-died', class: 'infra', message: `no such ${what}`, retryable: false });
}

const STATUS_OF_CODE: Partial<Record<FailureCode, number>> = {
  usage: 400,
  'config-invalid': 400,
  'image-not-found': 404,
  'image-refused': 403,
  'image-pull-failed': 502,
  'sandbox-spawn-failed': 422,
  'sandbox-died': 410,
  'sandbox-unavailable': 501,
  'sandbox-create-failed': 500,
  cancelled: 499,
  'disk-full': 507,
  'sandbox-disk-full': 507,
};

/** Anything thrown, as a refusal. What is not known to be harmless keeps its text to itself. */
export function toProblem(thrown: unknown): HttpProblem {
  if (thrown instanceof HttpProblem) return thrown;
  const failure = toFailure(thrown);
  if (failure.code !== 'internal' && failure.code !== 'io')
    return new HttpProblem(STATUS_OF_CODE[failure.code] ?? 500, failure);
  const { code, class: failureClass, retryable } = failure;
  return new HttpProblem(500, { code, class: failureClass, retryable, message: 'the server failed; its log says why' });
}
