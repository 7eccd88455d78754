/** What goes wrong with files of the run store, as `AssayError`. */
import { AssayError } from '../contracts/index.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The system's code of an error (`ENOENT`, ...), or undefined. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** A failed file operation: `disk-full` when there is no room, else `io`. An `AssayError` stays what it is. */
export function storeError(error: unknown, path: string): AssayError {
  if (error instanceof AssayError) return error;
  const code = systemCode(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code !== undefined && FULL.has(code)) {
    return new AssayError('disk-full', `No room to write ${path}: ${message}`, {
      class: 'infra',
      retryable: true,
      hint: 'Free disk space, then resume the run: everything reported so far is kept.',
      details: { path, errno: code },
      cause: error,
    });
  }
  return new AssayError('io', `Cannot read or write ${path}: ${message}`, {
    class: 'infra',
    retryable: null,
    details: { path, errno: code },
    cause: error,
  });
}

/** Damaged or unreadable content of a run folder. */
export function storeInvalid(message: string, details: Record<string, unknown>, cause?: unknown): AssayError {
  return new AssayError('store-invalid', message, { class: 'input', retryable: false, details, cause });
}
