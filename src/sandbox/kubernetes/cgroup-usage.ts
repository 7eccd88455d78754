/** What a sandbox used, from the control group files that it sees itself, of either version. */
import type { SandboxUsage } from '../../contracts/index.ts';

/** Prints `name value` lines; what is not there is left out. */
export const USAGE_SCRIPT = `cd /sys/fs/cgroup || exit 0
say() { [ -r "$2" ] && echo "$1 $(cat "$2")"; }
say peak2 memory.peak
say peak1 memory/memory.max_usage_in_bytes
say cpu1 cpuacct/cpuacct.usage
say cpu1 cpu,cpuacct/cpuacct.usage
for file in cpu.stat cpu/cpu.stat cpu,cpuacct/cpu.stat memory.events memory/memory.oom_control; do [ -r "$file" ] && cat "$file"; done
true`;

/** Null where nothing measures it. */
export function parseUsage(output: string): SandboxUsage {
  const values = new Map(
    output.split('\n').map((line): [string, number] => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]),
  );
  const scaled = (name: string, unit: number) => {
    const value = values.get(name);
    return value === undefined || Number.isNaN(value) ? null : value / unit;
  };
  return {
    peakMemoryBytes: scaled('peak2', 1) ?? scaled('peak1', 1),
    cpuSeconds: scaled('usage_usec', 1e6) ?? scaled('cpu1', 1e9),
    oomKills: scaled('oom_kill', 1),
    throttledSeconds: scaled('throttled_usec', 1e6) ?? scaled('throttled_time', 1e9),
    writtenBytes: null,
  };
}
