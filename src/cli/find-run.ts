/** Which run a command means. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AssayError } from '../contracts/index.ts';
import { listRuns } from '../store/file-run-store.ts';

/** A folder of a run, a run id below `runsDir`, or the newest run when nothing is named. Throws `run-not-found`. */
export async function findRun(
  reference: string | undefined,
  runsDir: string,
): Promise<{ runsDir: string; runId: string; dir: string }> {
  if (reference === undefined) {
    const newest = (await listRuns(resolve(runsDir)))[0];
    if (newest !== undefined) return at(newest.dir);
    throw notFound(`there is no run in ${runsDir}`);
  }
  for (const dir of [resolve(reference), join(resolve(runsDir), reference)]) {
    if ((await stat(join(dir, 'run.json')).catch(() => undefined)) !== undefined) return at(dir);
  }
  throw notFound(`there is no run ${reference} in ${runsDir}`);
}

function at(dir: string) {
  return { runsDir: dirname(dir), runId: basename(dir), dir };
}

function notFound(message: string): AssayError {
  return new AssayError('run-not-found', message, {
    class: 'input',
    retryable: false,
    hint: 'Give the folder of a run, its id, or --runs-dir.',
  });
}
