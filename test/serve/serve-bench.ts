/** A server on the loopback over any backend, with keys, for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxBackend, SandboxSpec } from '../../src/contracts/index.ts';
import { createAssayServer } from '../../src/serve/assay-server.ts';
import type { SpecPolicy } from '../../src/serve/control/spec-policy.ts';
import type { ImageDesk } from '../../src/serve/image-desk.ts';
import type { Scope } from '../../src/serve/keys/key-record.ts';
import { KeyStore } from '../../src/serve/keys/key-store.ts';
import type { HostDesk } from '../../src/serve/serve-parts.ts';
import { HostSandbox } from '../support/host-sandbox.ts';

export interface ServeBench {
  server: { url: string; readonly state: { live: number; waiting: number; draining: boolean }; close(): Promise<void> };
  keys: KeyStore;
  home: string;
  errors: unknown[];
  /** The text of a new key. */
  makeKey(
    name: string,
    options?: { scopes?: readonly Scope[]; maxSandboxes?: number; requestsPerSecond?: number },
  ): Promise<string>;
  close(): Promise<void>;
}

const SANDBOXES: readonly Scope[] = ['sandboxes'];

export const GENEROUS = { memoryBytes: 2 ** 40, diskBytes: 2 ** 40, cpus: 64, pids: 2 ** 20, wallSeconds: 86_400 };

export async function openServeBench(
  backend: SandboxBackend = hostBackend(),
  options: {
    capacity?: number;
    runtimeUrl?: (url: string) => string;
    warm?: number;
    forgetSeconds?: number;
    policy?: SpecPolicy;
    layerBytes?: number;
    port?: number;
    home?: string;
    images?: ImageDesk;
    hostBase?: HostDesk;
  } = {},
): Promise<ServeBench> {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'assay-serve-'));
  const errors: unknown[] = [];
  const server = createAssayServer({
    backend,
    images: options.images ?? NO_IMAGES,
    hostBase: options.hostBase,
    home,
    onError: (error) => errors.push(error),
  });
  await new Promise<void>((resolve) => server.http.listen(options.port ?? 0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.http.address() as AddressInfo).port}`;
  server.configure({
    publicUrl: url,
    runtimeUrl: options.runtimeUrl?.(url) ?? null,
    capacity: options.capacity ?? 64,
    warm: options.warm ?? 0,
    forgetSeconds: options.forgetSeconds ?? null,
    layerBytes: options.layerBytes ?? GENEROUS.diskBytes,
    policy: options.policy ?? { hostNetwork: true, registries: ['docker.io'], runtimeHosts: [], most: GENEROUS },
  });
  const keys = new KeyStore(home);
  return {
    server: {
      url,
      get state() {
        return server.registry.state;
      },
      close: () => server.close(),
    },
    keys,
    home,
    errors,
    async makeKey(name, { scopes = SANDBOXES, maxSandboxes = 64, requestsPerSecond = 10_000 } = {}) {
      return (await keys.add({ name, scopes, maxSandboxes, requestsPerSecond })).text;
    },
    async close() {
      await server.close();
      await backend.close();
      if (options.home === undefined) rmSync(home, { recursive: true, force: true });
    },
  };
}

/** No registry knows anything, and nothing is built. */
export const NO_IMAGES: ImageDesk = { find: async () => undefined, lookUp: async () => undefined, build: undefined };

/** Sandboxes without isolation: for what is said about sandboxes, not for what they hold back. */
export function hostBackend(): SandboxBackend {
  const made: HostSandbox[] = [];
  return {
    name: 'host-test',
    probe: async () => ({ backend: 'host-test', available: true, notes: [] }),
    async create() {
      const sandbox = new HostSandbox();
      made.push(sandbox);
      return sandbox;
    },
    describeImage: async () => ({ digest: `sha256:${'0'.repeat(64)}`, env: {}, workdir: '/' }),
    hasLayer: async () => false,
    removeLayer: async () => true,
    gc: async () => ({ sandboxes: 0, processes: 0, mounts: 0, cgroups: 0, bytes: 0 }),
    async close() {
      for (const sandbox of made) await sandbox.destroy();
    },
  };
}

export const SPEC: SandboxSpec = {
  base: { kind: 'host' },
  layers: [],
  limits: { memoryBytes: 2 ** 29, pids: 64, cpus: 1, diskBytes: 2 ** 26, wallSeconds: 60 },
  network: 'none',
  env: { PATH: '/usr/bin:/bin' },
  workdir: '/testbed',
};
