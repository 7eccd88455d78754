/** Folds run events into what a progress display shows: one row per attempt under way, and totals. Pure. */
import { counted } from '../base/counted.ts';
import type { Failure, RunEvent } from '../contracts/index.ts';

export interface ProgressRow {
  key: string;
  label: string;
  phase: string;
  step: number;
  tokens: number;
  usd: number;
  since: number;
}

export interface ProgressState {
  rows: Map<string, ProgressRow>;
  planned: number;
  finished: number;
  resolved: number;
  infra: number;
  tokens: number;
  usd: number;
  unknownCosts: number;
  startedAt: number;
}

export function newProgress(planned: number, now: number): ProgressState {
  return {
    rows: new Map(),
    planned,
    finished: 0,
    resolved: 0,
    infra: 0,
    tokens: 0,
    usd: 0,
    unknownCosts: 0,
    startedAt: now,
  };
}

/** Applies one event; returns a plain line when it is one that people want to see in a log. */
export function applyEvent(state: ProgressState, event: RunEvent, now: number): string | undefined {
  switch (event.type) {
    case 'run-start':
      state.planned = event.attemptsPlanned;
      return `run ${event.runId}: ${counted(event.attemptsPlanned, 'attempt')}`;
    case 'run-resume':
      state.planned = event.attemptsLeft;
      return `run ${event.runId} resumed: ${counted(event.attemptsLeft, 'attempt')} left`;
    case 'environment-start':
      row(state, event.instanceId, event.instanceId, now).phase = 'environment';
      return undefined;
    case 'environment-end':
      state.rows.delete(event.instanceId);
      if (event.failure !== undefined) return `${event.instanceId}: environment failed: ${event.failure.message}`;
      return event.cached === true
        ? undefined
        : `${event.instanceId}: environment built in ${seconds(event.durationMs)}`;
    case 'note':
      return event.level === 'info'
        ? undefined
        : `${event.level}: ${event.instanceId === undefined ? '' : `${event.instanceId}: `}${event.message}`;
    case 'run-end':
      return `run ${event.status}${event.failure === undefined ? '' : `: ${withHint(event.failure)}`}`;
    case 'work-aside': {
      const { instanceId, attempt, owner, reason } = event.aside;
      return `${instanceId}#${attempt}: work of ${owner} does not count: ${reason}`;
    }
    case 'environment-delta':
    case 'attempt-forget':
      return undefined;
    default:
      return applyAttemptEvent(state, event, now);
  }
}

type AttemptEvent = Extract<RunEvent, { attempt: number }> & { instanceId: string };

function applyAttemptEvent(state: ProgressState, event: AttemptEvent, now: number): string | undefined {
  const label = event.attempt > 1 ? `${event.instanceId}#${event.attempt}` : event.instanceId;
  const key = `${event.instanceId}#${event.attempt}`;
  switch (event.type) {
    case 'attempt-start':
    case 'attempt-resume':
      row(state, key, label, now).phase = 'solving';
      return undefined;
    case 'step-start':
      row(state, key, label, now).step = event.step;
      return undefined;
    case 'reply-end': {
      const { usage, cost } = event.reply;
      const tokens = usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h + usage.output;
      const usd = cost.kind === 'unknown' ? 0 : cost.usd;
      const current = row(state, key, label, now);
      current.tokens += tokens;
      current.usd += usd;
      state.tokens += tokens;
      state.usd += usd;
      if (cost.kind === 'unknown') state.unknownCosts++;
      const { failed = 0, candidates = [] } = event.reply.lookahead ?? {};
      if (failed === 0) return undefined;
      return `${label}: step ${event.step}: ${failed} of ${candidates.length - 1 + failed} further replies failed`;
    }
    case 'score-end':
      return `${label}: score ${event.score.toFixed(3)} of ${event.critic}`;
    case 'intervention':
      return event.kind === 'rollback'
        ? `${label}: back to the state after step ${event.toStep} (${event.reason})`
        : `${label}: given a hint after step ${event.step} (${event.reason})`;
    case 'attempt-skip':
      state.planned--;
      return `${label}: not made: ${event.reason}`;
    case 'attempt-end':
      row(state, key, label, now).phase = 'patch taken';
      if (event.outcome.status === 'paused') state.rows.delete(key);
      return event.outcome.failure === undefined
        ? undefined
        : `${label}: ${event.outcome.status}: ${event.outcome.failure.message}`;
    case 'grade-start':
      row(state, key, label, now).phase = 'grading';
      return undefined;
    case 'grade-end': {
      const { report } = event;
      state.rows.delete(key);
      state.finished++;
      if (report.resolved) state.resolved++;
      if (report.verdict === 'infra-error') state.infra++;
      return `${label}: ${report.verdict} (${state.finished}/${state.planned})`;
    }
    default:
      return undefined;
  }
}

function row(state: ProgressState, key: string, label: string, now: number): ProgressRow {
  const known = state.rows.get(key);
  if (known !== undefined) return known;
  const fresh: ProgressRow = { key, label, phase: 'waiting', step: 0, tokens: 0, usd: 0, since: now };
  state.rows.set(key, fresh);
  return fresh;
}

/** `1m 05s`, `3.2s` */
export function seconds(milliseconds: number): string {
  const value = milliseconds / 1000;
  if (value < 60) return `${value.toFixed(1)}s`;
  const minutes = Math.floor(value / 60);
  return minutes < 60 ? `${minutes}m ${pad(value % 60)}s` : `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
}

const pad = (value: number) => String(Math.floor(value)).padStart(2, '0');

/** `$0.123`, with "at least" when some costs are unknown. */
export function dollars(usd: number, unknownCosts: number): string {
  if (unknownCosts > 0 && usd === 0) return 'cost unknown';
  return `${unknownCosts > 0 ? '>= ' : ''}$${usd.toFixed(usd < 1 ? 4 : 2)}`;
}

/** Lines of the live window; the last one holds the totals. */
export function windowLines(state: ProgressState, now: number, width: number, height: number): string[] {
  const rows = [...state.rows.values()].slice(0, Math.max(1, height - 2));
  const lines = rows.map((one) => {
    const step = one.step > 0 ? `step ${one.step}` : '';
    return `  ${one.label.padEnd(34).slice(0, 34)} ${one.phase.padEnd(12)} ${step.padEnd(9)} ${count(one.tokens).padStart(7)} tok ${`$${one.usd.toFixed(3)}`.padStart(9)}  ${seconds(now - one.since)}`;
  });
  if (state.rows.size > rows.length) lines.push(`  ... and ${state.rows.size - rows.length} more`);
  const left = state.planned - state.finished;
  const eta =
    state.finished > 0 && left > 0 ? `, about ${seconds(((now - state.startedAt) / state.finished) * left)} left` : '';
  const infra = state.infra > 0 ? `, ${state.infra} infrastructure` : '';
  lines.push(
    `${state.finished}/${state.planned} graded, ${state.resolved} resolved${infra}, ${count(state.tokens)} tokens, ${dollars(state.usd, state.unknownCosts)}, ${seconds(now - state.startedAt)}${eta}`,
  );
  return lines.map((line) => line.slice(0, width));
}

/** What stops a run is told with the way out of it. */
function withHint({ message, hint }: Failure): string {
  return hint === undefined ? message : `${message} (${hint})`;
}

function count(value: number): string {
  if (value < 1000) return String(value);
  return value < 1e6 ? `${(value / 1e3).toFixed(1)}k` : `${(value / 1e6).toFixed(2)}M`;
}
