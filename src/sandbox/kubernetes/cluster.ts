/** A cluster as one process uses it: the way to its API, one watch, one lease, the agent, and the pace of starts. */
import type { AssayPaths } from '../../base/paths.ts';
import { AssayError } from '../../contracts/index.ts';
import { StartGate } from '../docker/start-gate.ts';
import { ensureAgentConfigMap } from './agent-config-map.ts';
import { ApiClient } from './api-client.ts';
import type { ClusterAccess } from './cluster-access.ts';
import type { KubernetesSettings } from './kubernetes-settings.ts';
import { OwnerLease } from './owner-lease.ts';
import { LABEL } from './pod-spec.ts';
import { PodWatch } from './pod-watch.ts';
import { StartRate } from './start-rate.ts';

export interface ClusterOptions {
  access: ClusterAccess;
  settings: KubernetesSettings;
  paths: AssayPaths;
  patienceMs?: number | undefined;
}

export class Cluster {
  readonly settings: KubernetesSettings;
  readonly namespace: string;
  readonly client: ApiClient;
  readonly lease: OwnerLease;
  readonly watch: PodWatch;
  readonly rate: StartRate;
  /** Pods that are made and do not run yet. */
  readonly starting: StartGate;
  private readonly paths: AssayPaths;
  private agentMap: Promise<string> | undefined;
  private readonly closing = new AbortController();

  constructor({ access, settings, paths, patienceMs }: ClusterOptions) {
    this.settings = settings;
    this.paths = paths;
    this.namespace = settings.namespace ?? access.namespace;
    this.rate = new StartRate(settings.startsPerSecond);
    this.starting = new StartGate(settings.startsAtOnce);
    this.client = new ApiClient({
      access,
      onThrottled: (waitMs) => this.rate.throttled(waitMs),
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    this.lease = new OwnerLease(this.client, { namespace: this.namespace, seconds: settings.orphanSeconds });
    const labelSelector = `${LABEL.owner}=${this.lease.name}`;
    this.watch = new PodWatch({ client: this.client, namespace: this.namespace, labelSelector });
  }

  /** Name of the config map with the agent. */
  agent(): Promise<string> {
    const { namespace, client, paths, settings } = this;
    this.agentMap ??= ensureAgentConfigMap(client, { namespace, folder: paths.native, arch: settings.arch }).catch(
      (error: unknown) => {
        this.agentMap = undefined;
        throw error;
      },
    );
    return this.agentMap;
  }

  /** Ends a start that is still under way when its caller aborts it, or at `stopStarts`: throws `cancelled`. */
  demandWanted(signal: AbortSignal | undefined): void {
    if (!this.closing.signal.aborted && signal?.aborted !== true) return;
    throw new AssayError('cancelled', 'the sandbox is not wanted any more', { class: 'cancelled', retryable: false });
  }

  stopStarts(): void {
    this.closing.abort();
  }

  async close(): Promise<void> {
    await this.watch.close();
    await this.lease.end();
  }
}
