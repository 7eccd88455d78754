/**
 * The narrow waist. A backend supplies `create`, `spawn`, `snapshot`, pause/resume/usage/destroy; everything else (shell
 * session, files, patch capture, grading) is written once on top of `spawn`.
 *
 * Contract suite: `test/contracts/sandbox-contract.ts`; every backend and tier runs it.
 */
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';

/** Limits of one sandbox. All are hard: reaching one never harms the host. Sizes in bytes, times in seconds. */
export const sandboxLimitsSchema = z.object({
  memoryBytes: z
    .number()
    .int()
    .positive()
    .default(2 * 1024 ** 3),
  pids: z.number().int().positive().default(512),
  /** CPUs, may be a fraction. */
  cpus: z.number().positive().default(2),
  /** Bytes the sandbox may write (its private upper directory). */
  diskBytes: z
    .number()
    .int()
    .positive()
    .default(2 * 1024 ** 3),
  /** Life time of the whole sandbox; it is destroyed when it ends. */
  wallSeconds: z
    .number()
    .positive()
    .default(4 * 3600),
});
export type SandboxLimits = z.infer<typeof sandboxLimitsSchema>;

/** How each limit is held, or `none`. Stands in every result, shown by `doctor`. */
export const limitMechanismSchema = z.enum([
  'cgroup-v1',
  'cgroup-v2',
  'rlimit',
  'tmpfs-size',
  'watchdog',
  'timer',
  'engine',
  'none',
]);
export type LimitMechanism = z.infer<typeof limitMechanismSchema>;

export const limitsInForceSchema = z.object({
  memory: limitMechanismSchema,
  pids: limitMechanismSchema,
  cpu: limitMechanismSchema,
  disk: limitMechanismSchema,
  wall: limitMechanismSchema,
});
export type LimitsInForce = z.infer<typeof limitsInForceSchema>;

/** A layer: a content-addressed directory of changes that stacks over a base. Made by `snapshot`, kept in the layer store. */
export const layerRefSchema = z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) });
export type LayerRef = z.infer<typeof layerRefSchema>;

/** What lies under all layers. `host`: the machine's own root, read-only, with secrets and homes masked. `image`: an OCI image. */
export const sandboxBaseSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('host') }),
  z.object({ kind: z.literal('image'), reference: z.string() }),
]);
export type SandboxBase = z.infer<typeof sandboxBaseSchema>;

export type SandboxNetwork = 'none' | 'host' | { readonly allow: readonly string[] };

export interface SandboxSpec {
  base: SandboxBase;
  /** Bottom first. */
  layers: readonly LayerRef[];
  limits: SandboxLimits;
  /**
   * `none`: only an own loopback. `host`: the host's network, for environment builds that ask for it. `allow`: only these hosts (`pypi.org`,
   * `*.pythonhosted.org`, `example.org:8080`), by a proxy at 127.0.0.1:3128 that the usual variables name; `sandbox-unavailable` where a backend cannot.
   */
  network: SandboxNetwork;
  /** The complete environment of processes, before `SpawnOptions.env`; nothing of the host's environment is added. */
  env: Readonly<Record<string, string>>;
  /** Default working directory; created (empty, writable) when it is missing. Absolute. */
  workdir: string;
  /** Words for people: run id, instance, purpose. Shown by `assay env ls`. */
  labels?: Readonly<Record<string, string>>;
}

/** What a backend can do here and now; made by really starting a sandbox. */
export interface BackendProbe {
  backend: string;
  /** e.g. `helper`, `bubblewrap`, `unshare`; undefined when not available. */
  tier?: string;
  available: boolean;
  /** Why it is not available, or what it lacks; full sentences that say how to get it. */
  notes: string[];
  limitsInForce?: LimitsInForce;
  /** What only the user can set right, such as a wrong key; nothing of the machine is missing. */
  refusal?: string;
}

export interface GcReport {
  sandboxes: number;
  processes: number;
  mounts: number;
  cgroups: number;
  bytes: number;
}

/** What an image says about itself. */
export interface ImageFacts {
  /** Of its configuration, `sha256:<hex>`; also a reference to it on this backend. */
  digest: string;
  env: Readonly<Record<string, string>>;
  /** `/` when the image names none. */
  workdir: string;
}

export interface SandboxBackend {
  readonly name: string;
  /** Never throws; says why when it does not work. */
  probe(): Promise<BackendProbe>;
  /**
   * A fresh private writable copy of base + layers, ready to spawn in. Throws `AssayError` `sandbox-create-failed`, `sandbox-unavailable` or
   * `disk-full`. The caller must `destroy` what it got; if this process dies, the sandbox dies with it. Where a start can take minutes, the signal
   * ends the wait: `cancelled`.
   */
  create(spec: SandboxSpec, signal?: AbortSignal): Promise<Sandbox>;
  /**
   * Makes the image available to `create`, fetching it when it is not there, and says what it is. Throws `sandbox-unavailable` when this backend runs no
   * images, `image-not-found`, `image-pull-failed`, `image-refused`, `sandbox-create-failed`, `cancelled`.
   */
  describeImage(reference: string, signal?: AbortSignal): Promise<ImageFacts>;
  /** True when all layers are in this backend's store. */
  hasLayer(layer: LayerRef): Promise<boolean>;
  /** Removes a layer from this backend's store. True when it is not there any more, false while a sandbox stands on it. */
  removeLayer(layer: LayerRef): Promise<boolean>;
  /** Removes what dead processes left: processes, mounts, cgroups, files. Never touches what is in use. */
  gc(): Promise<GcReport>;
  /** Destroys all sandboxes of this backend object and its helper process. Idempotent. */
  close(): Promise<void>;
}

/** What a sandbox has used; null where nothing measures it. */
export const sandboxUsageSchema = z.object({
  /** Files of the sandbox that lie in memory included, where a cgroup counts. */
  peakMemoryBytes: z.number().nullable(),
  cpuSeconds: z.number().nullable(),
  oomKills: z.number().nullable(),
  /** Time in which it wanted to run and its CPU limit did not let it. */
  throttledSeconds: z.number().nullable().default(null),
  /** Held by its private files now. */
  writtenBytes: z.number().nullable(),
});
export type SandboxUsage = z.infer<typeof sandboxUsageSchema>;

/** Of an attempt: also how long it waited for its sandbox, and how long it had it. */
export const sandboxReceiptSchema = sandboxUsageSchema.extend({
  waitMs: z.number().nullable().default(null),
  lifeMs: z.number().nullable().default(null),
});
export type SandboxReceipt = z.infer<typeof sandboxReceiptSchema>;

export interface Sandbox {
  readonly id: string;
  readonly backend: string;
  readonly tier: string;
  readonly limitsInForce: LimitsInForce;
  readonly spec: SandboxSpec;
  /**
   * Starts a process. argv[0] is looked up in the PATH of its environment. Resolves once it runs, or throws `sandbox-spawn-failed`
   * (not found, not executable), `sandbox-died`. Any number may run at once.
   */
  spawn(argv: readonly string[], options?: SpawnOptions): Promise<SandboxProcess>;
  /**
   * Freezes the file state into a layer over this sandbox's own layers; all processes of the sandbox are killed first and the sandbox
   * is destroyed afterwards. Content below /tmp, /dev, /proc, /run is not part of it.
   */
  snapshot(): Promise<LayerRef>;
  /**
   * `count` new sandboxes of the same spec that start with this one's files as they are now, /tmp included, /dev and /run not. All processes of this
   * sandbox are killed first; it lives on with its files and may be forked again. No one sees later changes of another. All or none: what fails
   * throws `sandbox-create-failed`, and leaves no new sandbox; a count that is none throws `usage`. The caller must `destroy` each of them.
   */
  fork(count?: number): Promise<Sandbox[]>;
  /** Freezes and thaws all processes. Throws `sandbox-unavailable` where no freezer exists. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  usage(): Promise<SandboxUsage>;
  /** Resolves when the sandbox is gone, whoever ended it; says why. Never rejects. */
  readonly closed: Promise<SandboxEnd>;
  /** Kills everything, unmounts, removes private files. Idempotent; resolves when all is gone. */
  destroy(): Promise<void>;
}

export interface SandboxEnd {
  reason: 'destroyed' | 'wall-limit' | 'disk-limit' | 'died';
  message: string;
}

export interface SpawnOptions {
  cwd?: string;
  /** Added to the sandbox's environment. */
  env?: Readonly<Record<string, string>>;
  /** `merge`: stderr is the same pipe as stdout, so the order of arrival is kept, and `stderr` ends at once. Default `separate`. */
  stderr?: 'separate' | 'merge';
  /**
   * `empty`: says at the start that there is no input, bytes: that these are all of it. That spares backends on other machines messages; `stdin` is to be
   * written and ended all the same. Default `open`.
   */
  stdin?: 'open' | 'empty' | Uint8Array;
}

export interface SandboxProcess {
  /** Bytes; write errors after the process ended are swallowed (EPIPE). */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Resolves when the process itself has exited (not when the pipes close: background children may hold them). Output written before the
   * exit is delivered before or shortly after; use `exec` in `sandbox/exec.ts` for the drain rule. Never rejects.
   */
  readonly exit: Promise<ProcessExit>;
  /** Signals the process group of this process; SIGKILL also ends its descendants where the backend can. Never throws. */
  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): void;
}

export interface ProcessExit {
  /** Exit code, or null when a signal ended it or the sandbox died. */
  code: number | null;
  signal: string | null;
  /** True when the sandbox went away under the process. */
  sandboxDied: boolean;
}
