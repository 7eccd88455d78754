/** One command in a sandbox, run to its end. The base of file transfer, environment builds and grading. */
import type { Readable } from 'node:stream';
import { AssayError, type Sandbox, type SandboxProcess } from '../contracts/index.ts';

export interface ExecOptions {
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  /** Given to stdin, which is then closed. Without it stdin is empty. */
  input?: string | Uint8Array;
  /** The process and its descendants are killed when it is over. */
  timeoutSeconds?: number;
  /** Bytes kept per stream, from the start; more is counted and dropped. Default 64 MiB. */
  maxBytes?: number;
  stderr?: 'separate' | 'merge';
  /** Aborting kills the process and rejects with `cancelled`. */
  signal?: AbortSignal;
  /** Sees every chunk of stdout as it comes, also those not kept. Must not throw. */
  onStdout?: (chunk: Buffer) => void;
}

export interface ExecResult {
  /** Null when a signal ended it, it timed out or the sandbox died. */
  exitCode: number | null;
  signal: string | null;
  stdout: Buffer;
  stderr: Buffer;
  /** Bytes printed in all, also those not kept. */
  stdoutBytes: number;
  stderrBytes: number;
  timedOut: boolean;
  sandboxDied: boolean;
  durationMs: number;
}

/** After the exit the pipes may be held by background processes: output counts until it has been quiet this long. */
const QUIET_MS = 100;
const QUIET_TURNS = 20;
const DRAIN_LIMIT_MS = 2_000;
const DEFAULT_MAX_BYTES = 64 * 1024 ** 2;

/**
 * Runs argv and waits for the process itself, not for children it leaves behind. Throws only for what is not the command's doing:
 * `sandbox-spawn-failed`, `sandbox-died` at the start, `cancelled`.
 */
export async function exec(sandbox: Sandbox, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const started = performance.now();
  const input = typeof options.input === 'string' ? Buffer.from(options.input) : options.input;
  const child = await sandbox.spawn(argv, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    stderr: options.stderr ?? 'separate',
    stdin: input ?? 'empty',
  });
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const stdout = collect(child.stdout, maxBytes, options.onStdout);
  const stderr = collect(child.stderr, maxBytes);
  child.stdin.on('error', () => {}); // the command may end without reading its input
  child.stdin.end(input ?? '');
  const end = await waitForEnd(child, options);
  await drained([stdout, stderr]);
  return {
    exitCode: end.timedOut ? null : end.code,
    signal: end.signal,
    stdout: Buffer.concat(stdout.chunks),
    stderr: Buffer.concat(stderr.chunks),
    stdoutBytes: stdout.bytes,
    stderrBytes: stderr.bytes,
    timedOut: end.timedOut,
    sandboxDied: end.sandboxDied,
    durationMs: performance.now() - started,
  };
}

async function waitForEnd(child: SandboxProcess, options: ExecOptions) {
  let timedOut = false;
  const expire = () => {
    timedOut = true;
    child.kill('SIGKILL');
  };
  const timer = options.timeoutSeconds === undefined ? undefined : setTimeout(expire, options.timeoutSeconds * 1000);
  const abort = () => child.kill('SIGKILL');
  options.signal?.addEventListener('abort', abort, { once: true });
  if (options.signal?.aborted) abort();
  try {
    const exit = await child.exit;
    if (options.signal?.aborted) {
      throw new AssayError('cancelled', 'the command was cancelled', { class: 'cancelled', retryable: true });
    }
    return { ...exit, timedOut };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
  }
}

interface Collector {
  chunks: Buffer[];
  bytes: number;
  ended: boolean;
  lastData: number;
  stream: Readable;
}

function collect(stream: Readable, maxBytes: number, onData?: (chunk: Buffer) => void): Collector {
  const collector: Collector = { chunks: [], bytes: 0, ended: false, lastData: performance.now(), stream };
  stream.on('data', (chunk: Buffer) => {
    if (collector.bytes < maxBytes) collector.chunks.push(chunk.subarray(0, maxBytes - collector.bytes));
    collector.bytes += chunk.length;
    collector.lastData = performance.now();
    onData?.(chunk);
  });
  const ended = () => {
    collector.ended = true;
  };
  stream.on('end', ended).on('close', ended).on('error', ended);
  return collector;
}

/**
 * Waits until the streams have ended or have been quiet. Quiet is counted in turns of the event loop as well as in time: on a starved machine much time
 * may pass without a chance to read what lies in the pipe.
 */
async function drained(collectors: readonly Collector[]): Promise<void> {
  const from = performance.now();
  let quietTurns = 0;
  let bytes = -1;
  for (let turns = 0; ; turns++) {
    if (collectors.every((one) => one.ended)) break;
    const now = performance.now();
    const total = collectors.reduce((sum, one) => sum + one.bytes, 0);
    quietTurns = total === bytes ? quietTurns + 1 : 0;
    bytes = total;
    const quietMs = now - Math.max(from, ...collectors.map((one) => one.lastData));
    if (quietTurns >= QUIET_TURNS && quietMs >= QUIET_MS) break;
    if (turns >= QUIET_TURNS && now - from > DRAIN_LIMIT_MS) break; // a background process that prints without end
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const one of collectors) one.stream.destroy();
}
