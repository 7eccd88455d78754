import { AssayError } from '../contracts/index.ts';

/** A row of the predictions files that SWE-bench graders take; they pass over further members. */
export interface PredictionRow {
  instance_id: string;
  model_name_or_path: string;
  model_patch: string;
}

/** Refuses names that say neither form, before any work is done for them. Throws `usage`. */
export function demandPredictionsName(path: string): void {
  if (/\.jsonl?$/.test(path)) return;
  throw new AssayError('usage', `${path} ends neither with .jsonl nor with .json`, {
    class: 'input',
    retryable: false,
    hint: 'A .jsonl file gets a row per line, a .json file a list.',
  });
}

/** A list for a `.json` file, else a row per line. */
export function predictionsText(path: string, rows: readonly PredictionRow[]): string {
  if (path.endsWith('.json')) return `${JSON.stringify(rows, null, 2)}\n`;
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
