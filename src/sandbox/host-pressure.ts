/** How hard-pressed this machine is, by what the kernel says: /proc/meminfo and pressure stall information (Documentation/accounting/psi.rst). */
import { readFile } from 'node:fs/promises';

export interface HostPressure {
  availableBytes: number;
  totalBytes: number;
  /** Share of the last ten seconds, in percent, in which every program that wanted to run waited for memory or for disks; null where the kernel does not tell. */
  memoryFull: number | null;
  ioFull: number | null;
}

/** Undefined where there is no /proc/meminfo. */
export async function readHostPressure(proc = '/proc'): Promise<HostPressure | undefined> {
  const [memory, memoryStall, ioStall] = await Promise.all(
    ['meminfo', 'pressure/memory', 'pressure/io'].map((name) => readFile(`${proc}/${name}`, 'utf8').catch(() => '')),
  );
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(memory ?? '')?.[1]);
  const [available, total] = [kilobytes('MemAvailable'), kilobytes('MemTotal')];
  if (!Number.isFinite(available) || !Number.isFinite(total)) return undefined;
  return {
    availableBytes: available * 1024,
    totalBytes: total * 1024,
    memoryFull: fullShare(memoryStall),
    ioFull: fullShare(ioStall),
  };
}

function fullShare(text: string | undefined): number | null {
  const share = /^full avg10=([\d.]+)/m.exec(text ?? '')?.[1];
  return share === undefined ? null : Number(share);
}

const MIN_AVAILABLE = 0.08;
const MAX_MEMORY_FULL = 10;
const MAX_IO_FULL = 60;

/** Why nothing more should be started now, in words; undefined when there is room. Busy processors are no reason: more work only waits longer. */
export function shortage({ availableBytes, totalBytes, memoryFull, ioFull }: HostPressure): string | undefined {
  if (availableBytes < MIN_AVAILABLE * totalBytes)
    return `only ${Math.round(availableBytes / 1024 ** 2)} MB of memory are left`;
  if ((memoryFull ?? 0) > MAX_MEMORY_FULL) return `all programs wait for memory ${memoryFull} % of the time`;
  if ((ioFull ?? 0) > MAX_IO_FULL) return `all programs wait for disks ${ioFull} % of the time`;
  return undefined;
}

/** `shortage` of this machine now. */
export async function hostShortage(): Promise<string | undefined> {
  const pressure = await readHostPressure();
  return pressure === undefined ? undefined : shortage(pressure);
}
