/** A run that attempts instances of another run again, with the same model, prompt and limits. The verdicts of that run stay what they are; a resume does the work. */
import { AssayError, type RunRecord } from '../contracts/index.ts';
import { createDerivedRun, type DerivedFields, derivedManifest, promptOf } from './derived-run.ts';

export interface RequeueOptions extends DerivedFields {
  runsDir: string;
  source: RunRecord;
}

/** Makes the run and closes it. Throws `instance-not-found` when the source has none of the instances, `store-invalid`, `io`. */
export async function requeueRun({ runsDir, source, ...fields }: RequeueOptions): Promise<{ dir: string }> {
  const manifest = derivedManifest(source, fields);
  if (manifest.dataset.instances.length === 0) {
    throw new AssayError('instance-not-found', `run ${source.manifest.runId} has no such instance`, {
      class: 'input',
      retryable: false,
    });
  }
  const requeue = { runId: source.manifest.runId };
  const run = await createDerivedRun(runsDir, { ...manifest, requeue }, await promptOf(source));
  await run.close();
  return { dir: run.dir };
}
