/**
 * Errors of Assay: a closed code, a class and the next step.
 *
 * Inside loops failures are data (`Failure`); at module edges they are thrown as `AssayError`. Nothing throws a bare
 * `Error` across a module boundary.
 */
import { z } from 'zod';

/** Who has to act: `model` endpoint, the `task` itself, `infra`structure, a `limit` that was reached, `cancelled`, or wrong `input` from the user. */
export const failureClassSchema = z.enum(['model', 'task', 'infra', 'limit', 'cancelled', 'input']);
export type FailureClass = z.infer<typeof failureClassSchema>;

/** Every code that may appear in an event, a report or an exit. Add here first; never invent one at the throw site. */
export const failureCodeSchema = z.enum([
  // input
  'usage',
  'config-invalid',
  'task-invalid',
  'dataset-not-found',
  'instance-not-found',
  'run-not-found',
  'run-locked',
  'file-not-found',
  'store-invalid',
  // model
  'model-key-missing',
  'model-unknown',
  'model-auth',
  'model-rate-limited',
  'model-overloaded',
  'model-server-error',
  'model-stream-cut',
  'model-reply-malformed',
  'model-request-rejected',
  'model-context-overflow',
  'model-refusal',
  'model-timeout',
  'model-unreachable',
  'model-price-unknown',
  'replay-miss',
  'script-unexpected',
  'script-unconsumed',
  // limits
  'limit-steps',
  'limit-wall-time',
  'limit-tokens',
  'limit-cost',
  'limit-context',
  'limit-output',
  // sandbox and environment
  'sandbox-unavailable',
  'sandbox-create-failed',
  'sandbox-died',
  'sandbox-command-timeout',
  'sandbox-out-of-memory',
  'sandbox-disk-full',
  'sandbox-spawn-failed',
  'sandbox-file',
  'environment-build-failed',
  'environment-unclean',
  'environment-tool-missing',
  'image-not-found',
  'image-pull-failed',
  'image-push-failed',
  'image-refused',
  // grading
  'patch-not-applicable',
  'grading-crashed',
  'grading-timeout',
  'grading-no-evidence',
  'gold-derivation-failed',
  // host
  'disk-full',
  'io',
  'store-unreachable',
  'cancelled',
  'interrupted',
  'internal',
]);
export type FailureCode = z.infer<typeof failureCodeSchema>;

/** A failure as data, as it stands in events and reports. `retryable: null` means "not known". */
export const failureSchema = z.object({
  code: failureCodeSchema,
  class: failureClassSchema,
  message: z.string(),
  /** What the user can do next, one sentence. */
  hint: z.string().optional(),
  retryable: z.boolean().nullable(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Failure = z.infer<typeof failureSchema>;

export interface AssayErrorOptions {
  class: FailureClass;
  hint?: string;
  retryable?: boolean | null;
  details?: Record<string, unknown>;
  cause?: unknown;
}

/** The only error class thrown across module boundaries. `message` says what happened, `hint` what to do. */
export class AssayError extends Error {
  readonly code: FailureCode;
  readonly failureClass: FailureClass;
  readonly hint: string | undefined;
  readonly retryable: boolean | null;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: FailureCode, message: string, options: AssayErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AssayError';
    this.code = code;
    this.failureClass = options.class;
    this.hint = options.hint;
    this.retryable = options.retryable ?? null;
    this.details = options.details;
  }

  /** The same failure as plain data. */
  toFailure(): Failure {
    return {
      code: this.code,
      class: this.failureClass,
      message: this.message,
      retryable: this.retryable,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }
}

/** Turns anything thrown into a `Failure`; unknown things become `internal`, with the original message kept. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof AssayError) return thrown.toFailure();
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = (thrown as { code?: unknown } | null)?.code;
  if (code === 'ENOSPC') {
    return {
      code: 'disk-full',
      class: 'infra',
      message,
      retryable: true,
      hint: 'Free disk space, then resume the run.',
    };
  }
  if (thrown instanceof Error && (thrown.name === 'AbortError' || code === 'ABORT_ERR')) {
    return { code: 'cancelled', class: 'cancelled', message, retryable: true };
  }
  if (isSystemError(thrown)) {
    return {
      code: 'io',
      class: 'infra',
      message,
      retryable: null,
      hint: 'Check the path and who may write there.',
    };
  }
  return {
    code: 'internal',
    class: 'infra',
    message,
    retryable: null,
    details: { stack: thrown instanceof Error ? thrown.stack : undefined },
  };
}

/** An error of the operating system about a file. */
function isSystemError(thrown: unknown): boolean {
  const { code, syscall, path } = (thrown ?? {}) as { code?: unknown; syscall?: unknown; path?: unknown };
  return typeof code === 'string' && typeof syscall === 'string' && typeof path === 'string';
}
