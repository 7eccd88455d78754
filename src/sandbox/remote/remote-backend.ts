/** Sandboxes of another machine's `assay serve`. */
import { z } from 'zod';
import {
  type BackendProbe,
  type GcReport,
  type ImageFacts,
  type LayerRef,
  limitsInForceSchema,
  type Sandbox,
  type SandboxBackend,
  type SandboxSpec,
  toFailure,
} from '../../contracts/index.ts';
import type { HostBase } from '../host-base.ts';
import { canTravel, findPythons } from '../host-pythons.ts';
import {
  hostFactsSchema,
  IDEMPOTENCY_HEADER,
  imageFactsSchema,
  type LayerList,
  layerListSchema,
  layerName,
  type StartRequest,
  sandboxViewSchema,
} from './api.ts';
import { LeaseWatch } from './lease-watch.ts';
import { RemoteSandbox } from './remote-sandbox.ts';
import { makeClientId, ServerClient, statusOf } from './server-client.ts';

export interface RemoteBackendOptions {
  url: string;
  /** An account key with the scope `sandboxes`. */
  apiKey: string;
  /** A server that cannot be reached for so long is lost. Default one minute, the length of a lease. */
  lostAfterMs?: number;
  /** So long one waits while the server has no place. Default ten minutes. */
  busyMs?: number;
}

const LOST_AFTER_MS = 60_000;
const BUSY_MS = 600_000;
/** One request waits so long for a place; then it is sent again. */
const WAIT_SECONDS = 20;
const LEASE_IS_OVER = 409;
const KEY_REFUSED = new Set([401, 403]);
/** A layer that was there is not asked for again so soon: every attempt asks. */
const SEEN_MS = 30_000;

const probeSchema = z.object({
  backend: z.string(),
  tier: z.string().optional(),
  available: z.boolean(),
  notes: z.array(z.string()),
  limitsInForce: limitsInForceSchema.optional(),
});

/** What a server tells beyond the contract of backends. */
export interface RemoteBackend extends SandboxBackend {
  /** Undefined when the server does not have it, or did not tell this key of it before. */
  findImage(reference: string): Promise<ImageFacts | undefined>;
  /** Of the server's machine, with the interpreters of this one that can be taken along. Throws `sandbox-unavailable` where sandboxes stand on images only. */
  hostBase(): Promise<HostBase>;
  /** The layers that this key made at the server. */
  layers(): Promise<LayerList>;
}

/** All sandboxes stand under one lease: they end with this process. */
export function createRemoteBackend(options: RemoteBackendOptions): RemoteBackend {
  const { url, apiKey, lostAfterMs = LOST_AFTER_MS, busyMs = BUSY_MS } = options;
  const client = new ServerClient({ url, apiKey, lostAfterMs, busyMs });
  const lease = new LeaseWatch(client);
  /** When layers were there. */
  const seen = new Map<string, number>();
  let host: Promise<HostBase> | undefined;
  return {
    name: 'remote',
    probe: () => probe(client, url),
    create: (spec) => create(spec, client, lease),
    describeImage(reference: string, signal?: AbortSignal): Promise<ImageFacts> {
      const path = `/v1/images?reference=${encodeURIComponent(reference)}`;
      return client.json({ method: 'GET', path, ...(signal === undefined ? {} : { signal }) }, imageFactsSchema);
    },
    findImage: (reference) => findImage(reference, client),
    hostBase() {
      host ??= askHost(client);
      host.catch(() => {
        host = undefined; // the next one asks again
      });
      return host;
    },
    async hasLayer(layer: LayerRef): Promise<boolean> {
      if (performance.now() - (seen.get(layer.digest) ?? Number.NEGATIVE_INFINITY) < SEEN_MS) return true;
      const request = { method: 'GET', path: `/v1/layers/${layerName(layer)}` } as const;
      const { exists } = await client.json(request, z.object({ exists: z.boolean() }));
      if (exists) seen.set(layer.digest, performance.now());
      return exists;
    },
    async removeLayer(layer: LayerRef): Promise<boolean> {
      seen.delete(layer.digest);
      const request = { method: 'DELETE', path: `/v1/layers/${layerName(layer)}` } as const;
      return client.json(request, z.object({})).then(
        () => true,
        (error) => {
          const status = statusOf(error);
          if (status !== 404 && status !== 409) throw error;
          return status === 404;
        },
      );
    },
    async layers() {
      return client.json({ method: 'GET', path: '/v1/layers' }, layerListSchema);
    },
    // What dead clients left ends with their leases; the server looks after its own.
    gc: async (): Promise<GcReport> => ({ sandboxes: 0, processes: 0, mounts: 0, cgroups: 0, bytes: 0 }),
    async close() {
      await lease.close();
      client.close();
    },
  };
}

async function probe(client: ServerClient, url: string): Promise<BackendProbe> {
  try {
    const { backend, tier, limitsInForce, ...rest } = await client.json(
      { method: 'GET', path: '/v1/probe' },
      probeSchema,
    );
    return {
      ...rest,
      backend: 'remote',
      tier: tier === undefined ? backend : `${backend} ${tier}`,
      ...(limitsInForce === undefined ? {} : { limitsInForce }),
    };
  } catch (error) {
    const { message, hint } = toFailure(error);
    const notes = hint === undefined ? [message] : [message, hint];
    const status = statusOf(error) ?? 0;
    if (!KEY_REFUSED.has(status)) return { backend: 'remote', available: false, notes };
    return { backend: 'remote', available: false, notes, refusal: `${url} refuses the account key: ${message}` };
  }
}

async function findImage(reference: string, client: ServerClient): Promise<ImageFacts | undefined> {
  const path = `/v1/images?present=1&reference=${encodeURIComponent(reference)}`;
  return client.json({ method: 'GET', path }, imageFactsSchema).catch((error) => {
    if (statusOf(error) === 404) return undefined;
    throw error;
  });
}

async function askHost(client: ServerClient): Promise<HostBase> {
  const [facts, own] = await Promise.all([
    client.json({ method: 'GET', path: '/v1/host' }, hostFactsSchema),
    findPythons(),
  ]);
  return { ...facts, binds: [], pythons: [...own.filter(canTravel), ...facts.pythons] };
}

async function create(spec: SandboxSpec, client: ServerClient, lease: LeaseWatch): Promise<Sandbox> {
  await lease.begin();
  const json: StartRequest = { spec: asRemoteSpec(spec), leaseId: lease.id, waitSeconds: WAIT_SECONDS };
  const headers = { [IDEMPOTENCY_HEADER]: makeClientId() };
  const start = () => client.json({ method: 'POST', path: '/v1/sandboxes', headers, json }, sandboxViewSchema);
  const view = await start().catch(async (error) => {
    if (statusOf(error) !== LEASE_IS_OVER) throw error;
    // A server that was restarted knows no leases of before.
    await lease.renew();
    return start();
  });
  return new RemoteSandbox(view, { client, onBegin: (sandbox) => lease.add(sandbox) });
}

function asRemoteSpec(spec: SandboxSpec): StartRequest['spec'] {
  const { network } = spec;
  return {
    base: spec.base,
    layers: [...spec.layers],
    limits: spec.limits,
    network: typeof network === 'string' ? network : { allow: [...network.allow] },
    env: { ...spec.env },
    workdir: spec.workdir,
    ...(spec.labels === undefined ? {} : { labels: { ...spec.labels } }),
  };
}
