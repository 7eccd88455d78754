/** One pod from its creation to its end, as the watch tells of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AssayError } from '../../contracts/index.ts';
import { ApiError } from './api-client.ts';
import type { Cluster } from './cluster.ts';
import { type ExecEnd, openExec } from './exec-stream.ts';
import { createError, type PodFailure, podFailure } from './pod-failure.ts';
import { AGENT, type PodPlan, podBody, SESSION } from './pod-spec.ts';
import { CONTAINER, isRunning, type PodView } from './pod-view.ts';
import { SessionStream } from './session-stream.ts';

export type PodWish = Pick<PodPlan, 'name' | 'spec' | 'image' | 'factor'>;

/** An obstacle that the cluster still tries to overcome counts as an end after this time. */
const OBSTACLE_MS = 120_000;
/** A node that has not even taken a pod on is not there, though the cluster may still believe in it. */
const TAKING_MS = 90_000;
/** A node that does not answer keeps its pods in the cluster's books: they are struck out then. */
const REMOVAL_MS = 20_000;
/** For a program that answers at once. */
const RUN_MS = 30_000;

export class SandboxPod {
  readonly name: string;
  /** Resolves when a pod that ran does so no more, unless it was removed by `remove`. */
  readonly failed: Promise<PodFailure>;
  private readonly cluster: Cluster;
  private readonly unobserve: () => void;
  private latest: PodView | undefined;
  private ran = false;
  private removing = false;
  private resolveRunning: (failure?: PodFailure) => void = () => {};
  private resolveFailed: (failure: PodFailure) => void = () => {};
  private resolveGone: () => void = () => {};
  private readonly running: Promise<PodFailure | undefined>;
  private readonly gone: Promise<void>;

  private constructor(cluster: Cluster, name: string) {
    this.cluster = cluster;
    this.name = name;
    this.running = new Promise((resolve) => {
      this.resolveRunning = resolve;
    });
    this.failed = new Promise((resolve) => {
      this.resolveFailed = resolve;
    });
    this.gone = new Promise((resolve) => {
      this.resolveGone = resolve;
    });
    this.unobserve = cluster.watch.observe(name, (pod) => this.see(pod));
  }

  /** Resolves when its agent runs. Throws what the pod's obstacle means; nothing is left then. */
  static start(cluster: Cluster, wish: PodWish): Promise<SandboxPod> {
    return cluster.starting.pass(async () => {
      const pod = new SandboxPod(cluster, wish.name);
      try {
        await pod.make(wish);
        const failure = await pod.waitUntilRunning();
        if (failure !== undefined) throw createError(wish.name, failure);
        cluster.rate.wentWell();
        return pod;
      } catch (error) {
        await pod.remove().catch(() => {}); // the cluster removes it with its owner
        throw error;
      }
    });
  }

  /** As the node says it, once it runs. */
  get imageId(): string {
    return this.latest?.status.containerStatuses.find(({ name }) => name === CONTAINER)?.imageID ?? '';
  }

  /** Bytes to and from its agent, whatever happens to connections. */
  openSession(): SessionStream {
    return new SessionStream({
      patienceMs: this.cluster.settings.orphanSeconds * 1000,
      connect: async (onOutput) => {
        const stream = await this.exec([AGENT, 'relay', SESSION], onOutput);
        const ended = stream.ended.then(({ message, exitCode }) => message || `the relay ended with ${exitCode}`);
        return { send: stream.send, close: stream.close, ended };
      },
    });
  }

  /** Runs a short program beside the agent, to its end; null as its code when it does not end. For what the agent is not asked: see `container-agent/agent.c`. */
  async run(argv: readonly string[]): Promise<ExecEnd & { output: string }> {
    const chunks: Buffer[] = [];
    const stream = await this.exec(argv, (bytes) => chunks.push(bytes));
    const late = setTimeout(stream.close, RUN_MS);
    const end = await stream.ended;
    clearTimeout(late);
    return { ...end, output: Buffer.concat(chunks).toString() };
  }

  /** Resolves when its containers are gone; when its node does not answer, when the cluster has struck it out. Idempotent. */
  async remove(): Promise<void> {
    this.removing = true;
    await this.delete('1');
    const struckOut = await Promise.race([this.gone, sleep(REMOVAL_MS, 'late' as const, { ref: false })]);
    if (struckOut === 'late') await this.delete('0');
    this.unobserve();
  }

  private async make(wish: PodWish): Promise<void> {
    const { client, settings, lease, rate } = this.cluster;
    const plan: PodPlan = { ...wish, settings, owner: await lease.get(), agent: await this.cluster.agent() };
    await rate.turn();
    try {
      // The name is ours alone: where it is taken, an earlier try of this call has arrived.
      await client.call({ method: 'POST', path: this.path(''), body: podBody(plan), accept: [409] });
    } catch (error) {
      throw error instanceof ApiError ? refusal(error) : error;
    }
  }

  private see(pod: PodView | undefined): void {
    if (pod === undefined) {
      this.resolveGone();
      this.end({ kind: 'removed', message: 'it was deleted', passing: false });
      return;
    }
    this.latest = pod;
    const failure = podFailure(pod);
    if (failure !== undefined && !failure.passing) this.end(failure);
    else if (isRunning(pod)) {
      this.ran = true;
      this.resolveRunning();
    }
  }

  private end(failure: PodFailure): void {
    if (this.removing) return;
    if (this.ran) this.resolveFailed(failure);
    else this.resolveRunning(failure);
  }

  private async waitUntilRunning(): Promise<PodFailure | undefined> {
    const { scheduleSeconds, pullSeconds } = this.cluster.settings;
    const started = Date.now();
    let scheduledAt: number | undefined;
    let hinderedAt: number | undefined;
    for (;;) {
      const answer = await Promise.race([this.running, sleep(1000, 'waiting' as const, { ref: false })]);
      if (answer !== 'waiting') return answer;
      const now = Date.now();
      if (this.latest?.spec?.nodeName !== undefined) scheduledAt ??= now;
      const obstacle = this.latest === undefined ? undefined : podFailure(this.latest);
      const hindered = obstacle !== undefined && obstacle.kind !== 'unschedulable';
      hinderedAt = hindered ? (hinderedAt ?? now) : undefined;
      const onNode = scheduledAt === undefined ? 0 : now - scheduledAt;
      if (onNode > TAKING_MS && this.latest?.status.startTime === undefined) return untaken(this.latest);
      const late = scheduledAt === undefined ? now - started > scheduleSeconds * 1000 : onNode > pullSeconds * 1000;
      if (!late && (hinderedAt === undefined || now - hinderedAt < OBSTACLE_MS)) continue;
      return obstacle ?? tooLate(scheduledAt === undefined, { scheduleSeconds, pullSeconds });
    }
  }

  private exec(argv: readonly string[], onOutput: (bytes: Buffer) => void) {
    const { client, namespace } = this.cluster;
    return openExec(client.access, { namespace, pod: this.name, container: CONTAINER, argv, onOutput });
  }

  private async delete(gracePeriodSeconds: string): Promise<void> {
    const reply = await this.cluster.client.call({
      method: 'DELETE',
      path: this.path(`/${this.name}`),
      query: { gracePeriodSeconds },
      accept: [404],
    });
    if (reply.status === 404) this.resolveGone();
  }

  private path(rest: string): string {
    return `/api/v1/namespaces/${this.cluster.namespace}/pods${rest}`;
  }
}

function tooLate(unscheduled: boolean, seconds: { scheduleSeconds: number; pullSeconds: number }): PodFailure {
  return unscheduled
    ? { kind: 'unschedulable', message: `no node took it within ${seconds.scheduleSeconds} s`, passing: false }
    : { kind: 'image-pull', message: `its image was not there within ${seconds.pullSeconds} s`, passing: false };
}

function untaken(pod: PodView | undefined): PodFailure {
  const message = `node ${pod?.spec?.nodeName} has not taken it on within ${TAKING_MS / 1000} s`;
  return { kind: 'node-lost', message, passing: false };
}

/** A quota may have room later; missing rights or a wrong pod never will. */
function refusal(error: ApiError): AssayError {
  const quota = error.status === 403 && /exceeded quota|limited:/.test(error.message);
  const noRight = (error.status === 403 && !quota) || error.status === 404 || error.status === 401;
  const code = noRight ? 'sandbox-unavailable' : 'sandbox-create-failed';
  return new AssayError(code, `the cluster refused the pod: ${error.message}`, {
    class: 'infra',
    retryable: quota || error.status >= 500 || error.status === 429,
    hint: quota
      ? 'Raise the quota of the namespace, or run fewer attempts at once.'
      : 'deploy/kubernetes holds the namespace and the rights that Assay needs; docs/kubernetes.md lists the settings.',
    cause: error,
  });
}
