import { AssayError } from '../contracts/index.ts';

/** Before a fork ends any process. Throws `usage` for what is no number of sandboxes. */
export function demandForkCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= 10_000) return;
  throw new AssayError('usage', `${count} is no number of forks: 1 to 10000`, { class: 'input', retryable: false });
}
