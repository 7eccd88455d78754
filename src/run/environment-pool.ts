/** Builds the environments of a run ahead of the attempts that need them, each once, a few at a time. */
import {
  type BuiltEnvironment,
  type EnvironmentBuilder,
  type Failure,
  type TaskInstance,
  toFailure,
} from '../contracts/index.ts';
import { type NewEvent, type RetryPolicy, waitBeforeTry } from './run-context.ts';
import type { RunControl } from './run-control.ts';

export type EnvironmentResult = { environment: BuiltEnvironment; failure?: never } | { failure: Failure };

export interface EnvironmentPoolOptions {
  builder: EnvironmentBuilder;
  /** In the order in which they will be needed. */
  instances: readonly TaskInstance[];
  /** Builds at a time. */
  jobs: number;
  policy: RetryPolicy;
  control: RunControl;
  emit: (event: NewEvent) => Promise<void>;
  /** For progress lines, which are not kept. */
  show: (event: NewEvent) => void;
}

export class EnvironmentPool {
  private readonly options: EnvironmentPoolOptions;
  private readonly settled = new Map<string, EnvironmentResult>();
  private readonly wanted = new Map<string, Promise<void>>();
  private readonly cancel = new AbortController();
  private waiting: (() => void)[] = [];
  private done: Promise<unknown> = Promise.resolve();

  constructor(options: EnvironmentPoolOptions) {
    this.options = options;
  }

  /** Begins to build. Pausing the run cancels builds under way: nobody waits for them any more. */
  start(): void {
    const queue = [...new Map(this.options.instances.map((one) => [one.instanceId, one])).values()];
    const takeBack = this.options.control.onPause(() => {
      this.cancel.abort();
      this.wake();
    });
    const builders = Array.from({ length: Math.max(1, this.options.jobs) }, async () => {
      for (let next = queue.shift(); next !== undefined && !this.options.control.pausing; next = queue.shift()) {
        await this.build(next);
      }
    });
    this.done = Promise.all(builders).finally(takeBack);
    this.done.catch(() => this.wake());
  }

  /** The environment of an instance or why there is none; undefined while it is not known. */
  result(instanceId: string): EnvironmentResult | undefined {
    return this.settled.get(instanceId);
  }

  /** Builds the environment of one instance now, once; undefined when the run pauses first. Throws what made the events not durable. */
  async want(instance: TaskInstance): Promise<EnvironmentResult | undefined> {
    const building = this.wanted.get(instance.instanceId) ?? this.build(instance);
    this.wanted.set(instance.instanceId, building);
    await building;
    return this.result(instance.instanceId);
  }

  /** Resolves at the next result, and when the run pauses. */
  changed(): Promise<void> {
    if (this.options.control.pausing) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Resolves when no build is under way any more. Throws what made the events not durable. */
  async finished(): Promise<void> {
    await this.done;
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  private async build(instance: TaskInstance): Promise<void> {
    const { builder, emit, show, policy, control } = this.options;
    const { instanceId } = instance;
    const { signal } = this.cancel;
    for (let tries = 1; ; tries++) {
      const began = performance.now();
      await emit({ type: 'environment-start', instanceId });
      let result: EnvironmentResult;
      try {
        const onProgress = (line: string) => show({ type: 'environment-delta', instanceId, line });
        result = { environment: await builder.ensure(instance, signal, onProgress) };
      } catch (error) {
        result = { failure: toFailure(error) };
      }
      const durationMs = performance.now() - began;
      if (result.failure === undefined) {
        const { digest, cached } = result.environment;
        await emit({ type: 'environment-end', instanceId, digest, cached, durationMs });
      } else {
        await emit({ type: 'environment-end', instanceId, durationMs, failure: result.failure });
        if (control.pausing) return; // cancelled, not failed
        if (result.failure.retryable === true && tries <= policy.retries) {
          await waitBeforeTry(policy, tries, signal);
          if (!control.pausing) continue;
          return;
        }
      }
      this.settled.set(instanceId, result);
      this.wake();
      return;
    }
  }
}
