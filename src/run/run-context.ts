/** What all parts of one run share. */
import { setTimeout as wait } from 'node:timers/promises';
import type { AttemptRef, Failure, OpenRun, RunEvent } from '../contracts/index.ts';
import { pointsAtBackend, stopsRun } from './failure-policy.ts';
import type { GradePorts } from './ports.ts';
import type { RunStop } from './run-control.ts';

type WithoutTime<Event> = Event extends unknown ? Omit<Event, 'at'> : never;
/** An event before it gets its time. */
export type NewEvent = WithoutTime<RunEvent>;

/** How often work that met an infrastructure failure is begun again, and how long to wait before. */
export interface RetryPolicy {
  /** Further tries after the first. */
  retries: number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const FIRST_WAIT_MS = 1_000;
const WAIT_FACTOR = 4;

/** Waits 1 s, 4 s, 16 s, ... before a further try; shorter when the run is stopped. */
export async function waitBeforeTry(policy: RetryPolicy, tries: number, signal: AbortSignal): Promise<void> {
  try {
    await policy.sleep(FIRST_WAIT_MS * WAIT_FACTOR ** (tries - 1), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The policy used unless told otherwise: two further tries. */
export const defaultRetryPolicy: RetryPolicy = {
  retries: 2,
  sleep: async (ms, signal) => {
    await wait(ms, undefined, { signal });
  },
};

/** Makes events durable, then shows them to the observer. */
export class Emitter {
  private readonly run: OpenRun;
  private readonly stop: RunStop;
  private readonly observe: (event: RunEvent) => void;

  constructor(run: OpenRun, stop: RunStop, observe: (event: RunEvent) => void) {
    this.run = run;
    this.stop = stop;
    this.observe = observe;
  }

  /** Resolves when it is on disk. When that fails the run stops at once and the failure is thrown. */
  async emit(event: NewEvent): Promise<void> {
    const timed = timedEvent(event);
    try {
      await this.run.append(timed);
    } catch (error) {
      this.stop.breakOff(error);
      throw error;
    }
    this.observe(timed);
  }

  /** Shows an event that is not worth keeping. */
  show(event: NewEvent): void {
    this.observe(timedEvent(event));
  }

  /** Something people should know, in the log of the attempt. */
  async note(ref: AttemptRef, level: 'info' | 'warning' | 'error', message: string): Promise<void> {
    await this.emit({ type: 'note', level, message, ...ref });
  }
}

/** The event with the time of now. */
export function timedEvent(event: NewEvent): RunEvent {
  return { ...event, at: new Date().toISOString() } as RunEvent;
}

/**
 * Looks whether a failure is one with which the run cannot go on, and stops it then: some codes say so, and after sandbox failures the backend
 * is asked whether it still works. Returns true when the run was stopped.
 */
export async function stopIfHopeless(failure: Failure, stop: RunStop, ports: GradePorts): Promise<boolean> {
  if (stopsRun(failure)) {
    stop.fail(failure);
    return true;
  }
  if (!pointsAtBackend(failure)) return false;
  const probe = await ports.backend.probe();
  if (probe.available) return false;
  stop.fail({
    code: 'sandbox-unavailable',
    class: 'infra',
    message: `The ${probe.backend} backend works no more: ${failure.message} ${probe.notes.join(' ')}`.trim(),
    retryable: true,
    hint: 'See `assay doctor`, then resume the run.',
  });
  return true;
}
