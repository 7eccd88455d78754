/** `--before` and `--dates`: the guard by time of `critic train` and `critic export`. */
import { resolve } from 'node:path';
import { AssayError } from '../contracts/index.ts';
import { creationDates } from '../critic/data/creation-dates.ts';
import type { TimeGuard, TimeGuarded } from '../critic/export/time-guard.ts';
import { readRows } from '../swebench/dataset/read-rows.ts';

export const TIME_GUARD_FLAGS = {
  before: {
    kind: 'string',
    placeholder: 'date',
    help: 'only attempts at instances made before this day (YYYY-MM-DD, UTC); needs --dates',
  },
  dates: {
    kind: 'strings',
    placeholder: 'table',
    help: 'with --before: .jsonl, .json or .parquet with instance_id and created_at, such as a SWE-bench data set',
  },
} as const;

/** Undefined when no guard is asked for. Throws `usage` for a date that is none or a guard without dates, and what `readRows` throws. */
export async function timeGuardOf(flags: {
  before: string | undefined;
  dates: readonly string[];
}): Promise<TimeGuard | undefined> {
  const { before, dates } = flags;
  if (before === undefined && dates.length === 0) return undefined;
  if (before === undefined || dates.length === 0) throw usage('--before and --dates go together');
  const time = /^\d{4}-\d\d-\d\d$/.test(before) ? Date.parse(before) : Number.NaN;
  if (Number.isNaN(time)) throw usage(`--before takes a day such as 2024-06-30, not ${before}`);
  const rows = (await Promise.all(dates.map((path) => readRows(resolve(path))))).flat();
  const known = creationDates(rows);
  if (known.size === 0) throw usage('no row of --dates has instance_id and created_at');
  return { before: time, dates: known };
}

/** Nothing when nothing was left out. */
export function timeGuardText({ later, undated }: Pick<TimeGuarded, 'later' | 'undated'>): string[] {
  return [
    ...(later > 0 ? [`${later} at instances made later`] : []),
    ...(undated > 0 ? [`${undated} at instances without a date`] : []),
  ];
}

function usage(message: string): AssayError {
  return new AssayError('usage', message, { class: 'input', retryable: false });
}
