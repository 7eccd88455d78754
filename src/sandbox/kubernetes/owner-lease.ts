/**
 * The lease of this process in the cluster: owner of all its pods, renewed while it lives. With each renewal an orchestrator removes the leases of those that are
 * gone, with their pods. All times are those of the API server.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { GcReport } from '../../contracts/index.ts';
import type { ApiClient } from './api-client.ts';
import { LABEL, MANAGER } from './pod-spec.ts';
import { leaseListSchema, leaseSchema, podListSchema } from './pod-view.ts';

export interface Owner {
  name: string;
  uid: string;
}

const RENEW_MS = 30_000;
/** Beyond the lease itself: its owner comes first when the API server was away. */
const GRACE_MS = 30_000;

export class OwnerLease {
  readonly name = `assay-${randomBytes(5).toString('hex')}`;
  private readonly client: ApiClient;
  private readonly namespace: string;
  private readonly seconds: number;
  private readonly path: string;
  private made: Promise<Owner> | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** `seconds`: how long its pods live without it. */
  constructor(client: ApiClient, { namespace, seconds }: { namespace: string; seconds: number }) {
    this.client = client;
    this.namespace = namespace;
    this.seconds = seconds;
    this.path = leasesPath(namespace);
  }

  /** Made at the first call, and made anew when somebody removed it. */
  get(): Promise<Owner> {
    this.made ??= this.make().catch((error: unknown) => {
      this.made = undefined;
      throw error;
    });
    return this.made;
  }

  /** Removes it. What still hangs on it goes, too. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    if (this.made === undefined) return;
    this.made = undefined;
    await this.client.call({ method: 'DELETE', path: `${this.path}/${this.name}`, accept: [404] });
  }

  private async make(): Promise<Owner> {
    const now = microTime(this.client.serverTime);
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: this.name, labels: { [LABEL.managedBy]: MANAGER } },
      spec: {
        holderIdentity: `${hostname()}/${process.pid}`,
        leaseDurationSeconds: this.seconds,
        acquireTime: now,
        renewTime: now,
      },
    };
    const reply = await this.client.call({ method: 'POST', path: this.path, body, accept: [409] });
    const lease =
      reply.status === 409 ? await this.client.call({ method: 'GET', path: `${this.path}/${this.name}` }) : reply;
    clearInterval(this.timer);
    this.timer = setInterval(() => void this.renew(), RENEW_MS);
    this.timer.unref();
    const { name, uid } = leaseSchema.parse(lease.body).metadata;
    return { name, uid };
  }

  private async renew(): Promise<void> {
    try {
      const body = { spec: { renewTime: microTime(this.client.serverTime) } };
      const reply = await this.client.call({ method: 'PATCH', path: `${this.path}/${this.name}`, body, accept: [404] });
      if (reply.status === 404) this.made = undefined;
      await collectLeases(this.client, this.namespace);
    } catch {
      // The server is away for longer than a call waits: the next renewal tries both again.
    }
  }
}

/** Removes leases that nobody renews, and the pods of their owners. */
export async function collectLeases(client: ApiClient, namespace: string): Promise<GcReport> {
  const report: GcReport = { sandboxes: 0, processes: 0, mounts: 0, cgroups: 0, bytes: 0 };
  const path = leasesPath(namespace);
  const query = { labelSelector: `${LABEL.managedBy}=${MANAGER}` };
  const leases = leaseListSchema.parse((await client.call({ method: 'GET', path, query })).body).items ?? [];
  for (const { metadata, spec } of leases) {
    const renewed = Date.parse(spec.renewTime ?? metadata.creationTimestamp ?? '');
    if (client.serverTime - renewed < 1000 * (spec.leaseDurationSeconds ?? 0) + GRACE_MS) continue;
    report.sandboxes += await removePods(client, namespace, metadata.name);
    await client.call({ method: 'DELETE', path: `${path}/${metadata.name}`, accept: [404] });
  }
  return report;
}

/** How many there were. */
async function removePods(client: ApiClient, namespace: string, owner: string): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const query = { labelSelector: `${LABEL.managedBy}=${MANAGER},${LABEL.owner}=${owner}` };
  const pods = podListSchema.parse((await client.call({ method: 'GET', path, query })).body).items ?? [];
  if (pods.length > 0) await client.call({ method: 'DELETE', path, query });
  return pods.length;
}

function leasesPath(namespace: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
}

/** Leases hold microseconds. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
