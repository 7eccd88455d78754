/** An interpreter from a home folder as an archive: sandboxes do not see homes, so it travels into a layer. */
import { runHostProcess } from '../../base/host-process.ts';
import { AssayError } from '../../contracts/index.ts';

const MAX_BYTES = 2 * 1024 ** 3;

/** Of its own tests, caches and packages added on the host nothing comes along. */
const LEFT_OUT = ['__pycache__', 'lib/python*/test', 'lib/python*/site-packages/*', 'share/man'];

/** A tar archive with names relative to the folder. Throws `environment-build-failed`. */
export async function interpreterArchive(prefix: string): Promise<Buffer> {
  const excluded = LEFT_OUT.map((pattern) => `--exclude=${pattern}`);
  const result = await runHostProcess(['tar', '-C', prefix, ...excluded, '-c', '-f', '-', '.'], {
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    timeoutMs: 300_000,
    maxBytes: MAX_BYTES,
  });
  if (result.code === 0) return result.stdout;
  const reason = result.timedOut ? 'it took too long' : result.stderr.toString().trim().slice(-300);
  throw new AssayError('environment-build-failed', `the interpreter in ${prefix} cannot be read: ${reason}`, {
    class: 'infra',
    retryable: null,
  });
}
