/** The table of runs: what its columns are, and which runs stand in it in which order. */
import type { RunLine } from '../../../src/view/documents.ts';

export type KnownRun = Exclude<RunLine, { failure: string } | { unread: true }>;
export type UnreadRun = Extract<RunLine, { unread: true }>;
export type DamagedRun = Extract<RunLine, { failure: string }>;

export type RunKey =
  | 'createdAt'
  | 'model'
  | 'agent'
  | 'dataset'
  | 'rate'
  | 'usd'
  | 'tokens'
  | 'cacheShare'
  | 'workingMs'
  | 'infraFailures'
  | 'status';

export const RUN_COLUMNS: readonly { key: RunKey; title: string; value: (run: KnownRun) => number | string }[] = [
  { key: 'createdAt', title: 'Run', value: (run) => run.createdAt },
  { key: 'model', title: 'Model', value: (run) => run.model },
  { key: 'agent', title: 'Agent', value: (run) => run.agent },
  { key: 'dataset', title: 'Dataset', value: (run) => run.dataset },
  { key: 'rate', title: 'Resolved [95 %]', value: (run) => run.resolveRate.value },
  { key: 'usd', title: 'Cost', value: (run) => run.usd },
  { key: 'tokens', title: 'Tokens', value: tokensOf },
  { key: 'cacheShare', title: 'From cache', value: (run) => run.cacheShare },
  { key: 'workingMs', title: 'Work', value: (run) => run.workingMs },
  { key: 'infraFailures', title: 'Infra failures', value: (run) => run.infraFailures },
  { key: 'status', title: 'Status', value: (run) => run.status },
];

export const RUN_STATES = [
  ['all', 'all runs'],
  ['running', 'at work'],
  ['completed', 'completed'],
  ['stopped', 'stopped early'],
] as const;
export type RunState = (typeof RUN_STATES)[number][0];

export interface RunOrder {
  key: RunKey;
  descending: boolean;
}

/** Runs of a state that have all words of a filter, sorted; beside them those whose logs have not been read, and those that cannot be read, which are told whatever the filter. */
export function arrangedRuns(runs: readonly RunLine[], state: RunState, filter: string, order: RunOrder) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const known: KnownRun[] = [];
  const unread: UnreadRun[] = [];
  const damaged: DamagedRun[] = [];
  for (const run of runs) {
    if ('failure' in run) damaged.push(run);
    else {
      const status = 'unread' in run ? '' : run.status;
      const text = `${run.runId} ${run.model} ${run.agent} ${run.dataset} ${status}`.toLowerCase();
      if (!words.every((word) => text.includes(word)) || (state !== 'all' && stateOf(status) !== state)) continue;
      if ('unread' in run) unread.push(run);
      else known.push(run);
    }
  }
  const value = RUN_COLUMNS.find((column) => column.key === order.key)?.value ?? ((run: KnownRun) => run.createdAt);
  const sign = order.descending ? -1 : 1;
  known.sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    return sign * (left < right ? -1 : left > right ? 1 : 0);
  });
  return { known, unread, damaged };
}

export function tokensOf({ usage }: KnownRun): number {
  return usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h + usage.output;
}

/** `''` for a run of which that is not known yet. */
function stateOf(status: KnownRun['status'] | ''): RunState | '' {
  return status === 'interrupted' || status === 'failed' ? 'stopped' : status;
}
