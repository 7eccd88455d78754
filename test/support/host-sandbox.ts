/**
 * A `Sandbox` without isolation for unit tests of what is built on `spawn`: trusted commands only, in a folder of its own.
 * Real backends are tested by the contract suite; this one exists so that a tool's tests run on any machine.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  LayerRef,
  Sandbox,
  SandboxEnd,
  SandboxProcess,
  SandboxSpec,
  SandboxUsage,
  SpawnOptions,
} from '../../src/contracts/index.ts';
import { AssayError } from '../../src/contracts/index.ts';

export class HostSandbox implements Sandbox {
  readonly id = randomUUID();
  readonly backend = 'host-test';
  readonly tier = 'none';
  readonly limitsInForce = { memory: 'none', pids: 'none', cpu: 'none', disk: 'none', wall: 'none' } as const;
  readonly root: string;
  readonly spec: SandboxSpec;
  readonly closed: Promise<SandboxEnd>;
  private end: (end: SandboxEnd) => void = () => {};
  private readonly children = new Set<number>();

  constructor() {
    this.root = join(tmpdir(), `assay-host-sandbox-${this.id}`);
    mkdirSync(join(this.root, 'work'), { recursive: true });
    this.closed = new Promise((resolve) => {
      this.end = resolve;
    });
    this.spec = {
      base: { kind: 'host' },
      layers: [],
      limits: { memoryBytes: 2 ** 31, pids: 512, cpus: 2, diskBytes: 2 ** 31, wallSeconds: 3600 },
      network: 'none',
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: this.root, LANG: 'C.UTF-8' },
      workdir: join(this.root, 'work'),
    };
  }

  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<SandboxProcess> {
    const [program = '', ...args] = argv;
    const merged = options.stderr === 'merge';
    // Merging needs one shared pipe: a shell joins the descriptors before it becomes the program.
    const child = spawn(merged ? 'sh' : program, merged ? ['-c', 'exec "$@" 2>&1', 'sh', program, ...args] : args, {
      cwd: options.cwd ?? this.spec.workdir,
      env: { ...this.spec.env, ...options.env },
      detached: true,
      stdio: 'pipe',
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) =>
        reject(new AssayError('sandbox-spawn-failed', cause.message, { class: 'infra', cause })),
      );
    });
    const pid = child.pid ?? 0;
    this.children.add(pid);
    child.stdin.on('error', () => {});
    return {
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      exit: new Promise((resolve) =>
        child.once('exit', (code, signal) => resolve({ code, signal, sandboxDied: false })),
      ),
      kill: (signal) => killGroup(pid, signal),
    };
  }

  async snapshot(): Promise<LayerRef> {
    throw new AssayError('sandbox-unavailable', 'the host test double has no snapshots', { class: 'infra' });
  }
  async fork(): Promise<never> {
    throw new AssayError('sandbox-unavailable', 'the host test double cannot be forked', { class: 'infra' });
  }
  async pause(): Promise<void> {
    throw new AssayError('sandbox-unavailable', 'the host test double has no freezer', { class: 'infra' });
  }
  async resume(): Promise<void> {
    throw new AssayError('sandbox-unavailable', 'the host test double has no freezer', { class: 'infra' });
  }
  async usage(): Promise<SandboxUsage> {
    return { peakMemoryBytes: null, cpuSeconds: null, oomKills: null, throttledSeconds: null, writtenBytes: null };
  }

  async destroy(): Promise<void> {
    for (const pid of this.children) killGroup(pid, 'SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
    this.end({ reason: 'destroyed', message: 'destroyed' });
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // already gone
  }
}
