/** Files of one evaluated instance: those of the reference at the same places, and `assay.json` with what they do not say. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { readRecord } from '../../base/read-record.ts';
import { AssayError } from '../../contracts/index.ts';
import { isFolderName, shortName } from '../folder-name.ts';

/** `logs/run_evaluation/<run id>`. */
export function runFolder(root: string, runId: string): string {
  return join(root, 'logs', 'run_evaluation', runId);
}

/** Slashes in names of models become `__`. */
export function modelFolderName(model: string): string {
  return model.replaceAll('/', '__');
}

/** What was evaluated, how, and what both sets of rules say. */
export const evaluationRecordSchema = z.object({
  instanceId: z.string(),
  /** Of patch, environment, script and rules: equal digests need not be evaluated again. */
  digest: z.string(),
  verdict_compat: z.boolean(),
  verdict_strict: z.boolean().nullable(),
  /** Why the strict verdict is no, or differs. */
  reason: z.string().nullable(),
  restoredFiles: z.array(z.string()),
  /** Of the tests; null when they did not come to an end. */
  exitCode: z.number().nullable(),
  testSeconds: z.number(),
  totalSeconds: z.number(),
  environment: z.object({ digest: z.string(), cached: z.boolean(), buildMs: z.number() }),
});
export type EvaluationRecord = z.infer<typeof evaluationRecordSchema>;

type FileName =
  | 'patch.diff'
  | 'eval.sh'
  | 'test_output.txt'
  /** Of the compatible run, where a strict one differs. */
  | 'test_output.compat.txt'
  | 'report.json'
  | 'run_instance.log';

export interface InstanceFolder {
  readonly path: string;
  file(name: FileName): string;
  /** Empties the folder: what an evaluation that did not finish, or one of another patch, left behind. */
  begin(): Promise<void>;
  write(name: FileName, content: string): Promise<void>;
  /** The report last: its presence says that all else is there. */
  finish(report: string, record: EvaluationRecord): Promise<void>;
  /** Null unless the evaluation was finished. */
  record(): Promise<EvaluationRecord | null>;
  /** Also where the report was taken away since. */
  recordOfRun(): Promise<EvaluationRecord | null>;
}

/** Names come from files of others, and their folders are emptied: one must be a folder right here. Throws `config-invalid`. */
function folderName(name: string): string {
  if (isFolderName(name)) return name;
  throw new AssayError('config-invalid', `${JSON.stringify(shortName(name))} cannot be the name of a folder`, {
    class: 'input',
    retryable: false,
    hint: 'Change model_name_or_path in the predictions, or the instance_id.',
  });
}

export function instanceFolder(run: string, model: string, instanceId: string): InstanceFolder {
  const path = join(run, folderName(modelFolderName(model)), folderName(instanceId));
  const recordPath = join(path, 'assay.json');
  const file: InstanceFolder['file'] = (name) => join(path, name);
  const recordOfRun = () => readRecord(recordPath, evaluationRecordSchema);
  return {
    path,
    file,
    async begin() {
      await rm(path, { recursive: true, force: true });
      await mkdir(path, { recursive: true });
    },
    write: (name, content) => writeFile(file(name), content),
    async finish(report, record) {
      await writeFileAtomic(recordPath, `${JSON.stringify(record, null, 2)}\n`);
      await writeFileAtomic(file('report.json'), report);
    },
    async record() {
      const report = await readRecord(file('report.json'), z.record(z.string(), z.unknown()));
      return report === null ? null : recordOfRun();
    },
    recordOfRun,
  };
}
