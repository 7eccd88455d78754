/** Makes and removes what a sandbox runs in: a pod, or the object of which a controller makes one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from './api-client.ts';
import type { Cluster } from './cluster.ts';
import { refusedAs } from './cluster-refusal.ts';
import { type PodPlan, podBody } from './pod-spec.ts';
import { sandboxObject, sandboxObjectsPath } from './sandbox-object.ts';

export type PodWish = Pick<PodPlan, 'name' | 'spec' | 'image' | 'factor'>;

/** Between two looks whether a full quota has room again. */
const QUOTA_MS = { first: 500, most: 10_000 };
const NOW = { gracePeriodSeconds: 1 };
const WITHOUT_NODE = { gracePeriodSeconds: 0 };
/** What a controller made of an object goes before the object itself. */
const WITH_POD = { propagationPolicy: 'Foreground' };

export class PodMaker {
  private readonly cluster: Cluster;
  private readonly podsPath: string;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.podsPath = `/api/v1/namespaces/${cluster.namespace}/pods`;
  }

  /** Waits for its turn, and for room in a quota. Throws what a refusal means; `cancelled` when the signal ends the wait. */
  async make(wish: PodWish, signal: AbortSignal | undefined): Promise<void> {
    const { settings, lease, client } = this.cluster;
    const owner = await refusedAs('a lease', () => lease.get());
    const agent = await refusedAs('a config map', () => this.cluster.agent());
    const pod = podBody({ ...wish, settings, owner, agent });
    const body = settings.agentSandbox ? sandboxObject(pod, client.serverTime) : pod;
    await refusedAs(settings.agentSandbox ? 'the sandbox' : 'the pod', () => this.postWithinQuota(body, signal));
  }

  /** Asks for its end. True when it is not there any more. */
  remove(name: string): Promise<boolean> {
    const how = this.cluster.settings.agentSandbox ? WITH_POD : NOW;
    return this.delete(`${this.madePath}/${name}`, how);
  }

  /** Takes a pod out of the cluster's books, whatever its node does. */
  strikeOut(name: string): Promise<boolean> {
    return this.delete(`${this.podsPath}/${name}`, WITHOUT_NODE);
  }

  /** A full quota is like a full cluster: there may be room in a moment. */
  private async postWithinQuota(body: object, signal: AbortSignal | undefined): Promise<void> {
    const until = Date.now() + this.cluster.settings.scheduleSeconds * 1000;
    for (let waitMs = QUOTA_MS.first; ; waitMs = Math.min(2 * waitMs, QUOTA_MS.most)) {
      await this.cluster.rate.turn();
      this.cluster.demandWanted(signal);
      try {
        // The name is ours alone: where it is taken, an earlier try of this call has arrived.
        await this.cluster.client.call({ method: 'POST', path: this.madePath, body, accept: [409] });
        return;
      } catch (error) {
        if (!(error instanceof ApiError && error.isQuota) || Date.now() + waitMs > until) throw error;
      }
      await sleep(waitMs);
    }
  }

  private async delete(path: string, body: object): Promise<boolean> {
    const reply = await this.cluster.client.call({ method: 'DELETE', path, body, accept: [404] });
    return reply.status === 404;
  }

  /** Where what is made belongs. */
  private get madePath(): string {
    const { settings, namespace } = this.cluster;
    return settings.agentSandbox ? sandboxObjectsPath(namespace) : this.podsPath;
  }
}
