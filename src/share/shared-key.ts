/** Names in a shared store. */
import { AssayError } from '../contracts/index.ts';

const WORD = /^[A-Za-z0-9%~._-]{1,160}$/;

/** True for what may stand between the slashes of a key. */
export function isKeyWord(word: string): boolean {
  return WORD.test(word) && word !== '.' && word !== '..';
}

/** The key, when it is one. Throws `internal`: keys are made by Assay, never taken from outside. */
export function checkKey(key: string): string {
  if (key.split('/').every(isKeyWord)) return key;
  throw new AssayError('internal', `${JSON.stringify(key)} is no key of a shared store`, { class: 'infra' });
}

/** The store gives no answer. `what`: with the reason. */
export function unreachable(name: string, what: string, cause: unknown): AssayError {
  return new AssayError('store-unreachable', `The shared store ${name} cannot be reached: ${what}`, {
    class: 'infra',
    retryable: true,
    hint: 'What is finished is kept in the run folder; it is handed in when the store answers again.',
    cause,
  });
}

/** The store answers, and does not let this client in or has no place for the run. */
export function refusedBy(name: string, what: string, cause: unknown): AssayError {
  return new AssayError('config-invalid', `The shared store ${name} refuses: ${what}`, {
    class: 'input',
    retryable: false,
    cause,
  });
}

/** More bytes than a store takes. */
export function tooLarge(name: string, key: string, bytes: number, most: number): AssayError {
  return new AssayError('store-invalid', `${key} has ${bytes} bytes, ${name} takes ${most}`, { class: 'infra' });
}
