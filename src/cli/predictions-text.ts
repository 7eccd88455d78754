/** A row of the predictions files that SWE-bench graders take; they pass over further members. */
export interface PredictionRow {
  instance_id: string;
  model_name_or_path: string;
  model_patch: string;
}

/** A list for a `.json` file, else a row per line. */
export function predictionsText(path: string, rows: readonly PredictionRow[]): string {
  if (path.endsWith('.json')) return `${JSON.stringify(rows, null, 2)}\n`;
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
