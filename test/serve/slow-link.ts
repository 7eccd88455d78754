import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { runHostProcess } from '../../src/base/host-process.ts';

export interface SlowLink {
  /** Words before those of a program that shall run behind the link. */
  behind: readonly string[];
  /** Address of the machine behind it. */
  host: string;
  close(): Promise<void>;
}

/** Why there cannot be one here. */
export async function slowLinkProblem(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root makes network namespaces';
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    return 'there is no /dev/net/tun';
  }
  for (const program of ['ip', 'nsenter', 'python3'])
    if ((await runHostProcess([program, '-V']).catch(() => null)) === null) return `the program ${program} is missing`;
  return undefined;
}

/** A machine of its own behind a network with delay (seconds each way) and loss (share of packets). */
export async function openSlowLink(delay: number, loss: number): Promise<SlowLink> {
  const name = `slow${process.pid % 10_000}`;
  const [here, there] = ['10.207.77.1', '10.207.77.2'];
  const main = join(import.meta.dirname, 'slow-link.py');
  const child = spawn('python3', [main, name, here, there, String(delay), String(loss)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`slow-link.py ended with ${code}`))),
  ]);
  return {
    behind: ['nsenter', `--net=/run/netns/${name}`],
    host: there,
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
