/**
 * One-shot programs on the host (git, cc, id): own process group, timeout that kills the group, capped output, and an end that
 * does not wait for grandchildren that hold the pipes. Not for sandboxes: the native helper starts those.
 */
import { spawn } from 'node:child_process';

export interface HostProcessOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string | Uint8Array;
  timeoutMs?: number;
  /** Bytes kept of each stream; the rest is dropped. Default 16 MiB. */
  maxBytes?: number;
}

export interface HostProcessResult {
  code: number | null;
  signal: string | null;
  stdout: Buffer;
  stderr: Buffer;
  timedOut: boolean;
}

/** Runs a program to its end. Rejects only when it cannot be started (ENOENT, EACCES). */
export function runHostProcess(argv: readonly string[], options: HostProcessOptions = {}): Promise<HostProcessResult> {
  const [program, ...args] = argv;
  const maxBytes = options.maxBytes ?? 16 * 1024 ** 2;
  return new Promise((resolve, reject) => {
    const child = spawn(program ?? '', args, { cwd: options.cwd, env: options.env, detached: true, stdio: 'pipe' });
    const kept = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    const size = { stdout: 0, stderr: 0 };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        if (size[name] < maxBytes) kept[name].push(chunk.subarray(0, maxBytes - size[name]));
        size[name] += chunk.length;
      });
    }
    let timedOut = false;
    const killGroup = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // the group is already gone
      }
    };
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            killGroup();
          }, options.timeoutMs);
    let settled = false;
    const settle = (code: number | null, signal: string | null) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code, signal, stdout: Buffer.concat(kept.stdout), stderr: Buffer.concat(kept.stderr), timedOut });
    };
    child.on('error', (error) => {
      clearTimeout(timer);
      settled = true;
      reject(error);
    });
    child.on('close', settle);
    // A grandchild may keep the pipes open for ever: 200 ms after the exit its output no longer counts.
    child.on('exit', (code, signal) => {
      setTimeout(() => settle(code, signal), 200).unref();
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}
