/** Sizes as people write them. */
import { AssayError } from '../contracts/index.ts';

const UNITS = ['', 'K', 'M', 'G', 'T'];

/** `20G`, `1.5 GiB`, `500M`, `1000000`: bytes, with steps of 1024. Throws `usage`. */
export function parseBytes(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*$/i.exec(text);
  if (match === null) {
    throw new AssayError('usage', `${text} is no size`, {
      class: 'input',
      retryable: false,
      hint: 'Write it like 20G or 500M.',
    });
  }
  return Math.round(Number(match[1]) * 1024 ** UNITS.indexOf((match[2] ?? '').toUpperCase()));
}
