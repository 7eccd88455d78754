import { resolve } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { counted } from '../../base/counted.ts';
import { AssayError } from '../../contracts/index.ts';
import { fileRunStore } from '../../store/file-run-store.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { print } from '../output.ts';
import { demandPredictionsName, type PredictionRow, predictionsText } from '../predictions-text.ts';

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'the patches of a run as a predictions file, for `assay grade` and other graders',
  arguments: [{ name: 'run', help: 'folder or id of a run (default: the newest)', count: 'optional' }],
  flags: {
    predictions: { kind: 'string', placeholder: 'file', help: 'where to: .jsonl has a row per line, .json is a list' },
    attempt: { kind: 'integer', min: 1, default: 1, placeholder: 'n', help: 'which attempt of each instance' },
    runsDir: { kind: 'string', default: 'runs', placeholder: 'folder', help: 'folder of the run folders' },
  },
  examples: ['assay export --predictions preds.jsonl', 'assay export runs/A --predictions second.json --attempt 2'],
  async run({ args, flags }) {
    if (flags.predictions === undefined) {
      throw new AssayError('usage', 'export needs --predictions', {
        class: 'input',
        retryable: false,
        hint: 'Name a file: assay export --predictions preds.jsonl',
      });
    }
    const { runId, runsDir } = await findRun(args[0], flags.runsDir);
    const { predictions, without } = await predictionsOf(runsDir, runId, flags.attempt);
    const target = resolve(flags.predictions);
    demandPredictionsName(target);
    await writeFileAtomic(target, predictionsText(target, predictions));
    const missing = without.length === 0 ? '' : `; without a patch: ${without.join(', ')}`;
    print(
      flags.json,
      { path: target, predictions: predictions.length, without },
      `${counted(predictions.length, 'prediction')} in ${target}${missing}\n`,
    );
    return 0;
  },
});

/** Patches as they were taken, empty ones too; attempts that never came to one are named apart. */
async function predictionsOf(
  runsDir: string,
  runId: string,
  attempt: number,
): Promise<{ predictions: PredictionRow[]; without: string[] }> {
  const store = fileRunStore(runsDir);
  const { manifest, attempts } = await store.load(runId);
  const predictions: PredictionRow[] = [];
  const without: string[] = [];
  for (const one of attempts.filter((candidate) => candidate.attempt === attempt)) {
    const { instanceId } = one;
    const patch =
      one.patchDigest === null ? null : await store.readArtifact(runId, { instanceId, attempt }, 'patch.diff');
    if (patch === null) without.push(instanceId);
    else
      predictions.push({
        instance_id: instanceId,
        model_name_or_path: `${manifest.agent.name}__${manifest.model.id}`,
        model_patch: patch,
      });
  }
  if (predictions.length + without.length > 0) return { predictions, without };
  throw new AssayError('usage', `the run has no attempt ${attempt}`, { class: 'input', retryable: false });
}
