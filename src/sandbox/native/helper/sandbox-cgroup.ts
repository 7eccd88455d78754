/** The cgroup of one sandbox: its limits, counters and freezer. Files of a few bytes in memory, so read and written at once. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxLimits, SandboxUsage } from '../../../contracts/index.ts';
import type { Cgroups, Controller } from './cgroups.ts';

const PERIOD_US = 100_000;

export class SandboxCgroup {
  private readonly cgroups: Cgroups;
  private readonly id: string;

  constructor(cgroups: Cgroups, id: string) {
    this.cgroups = cgroups;
    this.id = id;
  }

  /**
   * Sets the limits. The files of a sandbox lie in memory and count as its memory, so the limit is the sum of both; the size of the file system keeps
   * files to their share. `own`: processes of the helper in it, more than asked for.
   */
  limit(limits: SandboxLimits, own: number): void {
    const memory = limits.memoryBytes + limits.diskBytes;
    this.write('memory', { 1: ['memory.limit_in_bytes', memory], 2: ['memory.max', memory] });
    this.write('memory', { 1: ['memory.memsw.limit_in_bytes', memory], 2: ['memory.swap.max', 0] }, true);
    const pids = limits.pids + own;
    this.write('pids', { 1: ['pids.max', pids], 2: ['pids.max', pids] });
    const quota = Math.max(1000, Math.round(limits.cpus * PERIOD_US));
    this.write('cpu', { 1: ['cpu.cfs_quota_us', quota], 2: ['cpu.max', `${quota} ${PERIOD_US}`] });
  }

  usage(): Omit<SandboxUsage, 'writtenBytes'> {
    const memory = this.read('memory', { 1: 'memory.max_usage_in_bytes', 2: 'memory.peak' });
    const events = this.read('memory', { 1: 'memory.oom_control', 2: 'memory.events' });
    const clock = this.read('cpuacct', { 1: 'cpuacct.usage', 2: 'cpu.stat' });
    const kills = /oom_kill (\d+)/.exec(events ?? '')?.[1];
    const micros = /usage_usec (\d+)/.exec(clock ?? '')?.[1];
    const nanos = /^\d+$/.exec(clock?.trim() ?? '')?.[0];
    return {
      peakMemoryBytes: memory === undefined ? null : Number(memory),
      cpuSeconds: micros !== undefined ? Number(micros) / 1e6 : nanos !== undefined ? Number(nanos) / 1e9 : null,
      oomKills: kills === undefined ? null : Number(kills),
      throttledSeconds: this.throttledSeconds(),
    };
  }

  private throttledSeconds(): number | null {
    const text = this.read('cpu', { 1: 'cpu.stat', 2: 'cpu.stat' }) ?? '';
    const nanos = /^throttled_time (\d+)/m.exec(text)?.[1];
    const micros = /^throttled_usec (\d+)/m.exec(text)?.[1];
    if (nanos !== undefined) return Number(nanos) / 1e9;
    return micros === undefined ? null : Number(micros) / 1e6;
  }

  get canFreeze(): boolean {
    return this.cgroups.controllers.freezer !== undefined;
  }

  /** Resolves when every process stands still, or runs again. */
  async freeze(frozen: boolean): Promise<void> {
    this.write('freezer', {
      1: ['freezer.state', frozen ? 'FROZEN' : 'THAWED'],
      2: ['cgroup.freeze', frozen ? 1 : 0],
    });
    const file = { 1: 'freezer.state', 2: 'cgroup.events' } as const;
    const done = frozen ? /^FROZEN|^frozen 1/m : /^THAWED|^frozen 0/m;
    while (!done.test(this.read('freezer', file) ?? 'THAWED FROZEN')) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  private read(controller: Controller, files: Record<1 | 2, string>): string | undefined {
    const hierarchy = this.cgroups.controllers[controller];
    if (hierarchy === undefined) return undefined;
    try {
      return readFileSync(join(hierarchy.folder, this.id, files[hierarchy.version]), 'utf8');
    } catch {
      return undefined; // the sandbox is gone, or the kernel has no such counter
    }
  }

  private write(controller: Controller, files: Record<1 | 2, [string, string | number]>, optional = false): void {
    const hierarchy = this.cgroups.controllers[controller];
    if (hierarchy === undefined) return;
    const [file, value] = files[hierarchy.version];
    try {
      writeFileSync(join(hierarchy.folder, this.id, file), String(value));
    } catch (error) {
      if (!optional) throw error;
    }
  }
}
