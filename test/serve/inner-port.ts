/** Sandboxes without isolation share the port of OpenHands' servers: one test file at a time uses it. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFileLock } from '../../src/base/file-lock.ts';
import { INNER_PORT } from '../../src/serve/openhands/inner-connection.ts';

const WAIT_MS = 120_000;

/** Resolves when it is free for the caller; gives the function that lets go of it. */
export function takeInnerPort(): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const lock = join(tmpdir(), `assay-test-port-${INNER_PORT}.lock`);
    const held = () => new Promise<void>((release) => resolve(release));
    withFileLock(lock, AbortSignal.timeout(WAIT_MS), held).catch(reject);
  });
}
