/** Holds memory where no cgroup can: looks at the processes ten times a second and kills the largest when all together hold too much. */
import type { SandboxUsage } from '../../contracts/index.ts';
import { cpuSeconds, killQuietly, residentBytes } from './process-tree.ts';

const WATCH_MS = 100;

export class MemoryWatchdog {
  private readonly limitBytes: number;
  private readonly pids: () => readonly number[];
  private readonly timer: NodeJS.Timeout;
  private peakMemory = 0;
  private cpu = 0;
  private kills = 0;

  /** `pids` gives the host pids of the sandbox's processes. Starts at once. */
  constructor(limitBytes: number, pids: () => readonly number[]) {
    this.limitBytes = limitBytes;
    this.pids = pids;
    this.timer = setInterval(() => this.look(), WATCH_MS);
    this.timer.unref();
  }

  /** What was seen so far: short peaks between two looks are missed. */
  usage(): Omit<SandboxUsage, 'writtenBytes'> {
    return { peakMemoryBytes: this.peakMemory, cpuSeconds: this.cpu, oomKills: this.kills, throttledSeconds: null };
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const sizes = this.pids().map((pid) => ({ pid, bytes: residentBytes(pid), seconds: cpuSeconds(pid) }));
    const total = sizes.reduce((sum, one) => sum + one.bytes, 0);
    this.cpu = Math.max(
      this.cpu,
      sizes.reduce((sum, one) => sum + one.seconds, 0),
    );
    this.peakMemory = Math.max(this.peakMemory, total);
    if (total <= this.limitBytes) return;
    const largest = sizes.sort((a, b) => b.bytes - a.bytes)[0];
    if (largest === undefined) return;
    this.kills++;
    killQuietly(largest.pid, 'SIGKILL');
  }
}
