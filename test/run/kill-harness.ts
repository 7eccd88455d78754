/** Kills a run at random moments and resumes it, as often as asked. Knows only commands and a run folder, so that any program that runs and resumes can be put to the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Command {
  argv: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

export interface KillPlan {
  /** The first process. */
  run: Command;
  /** Every further one. */
  resume: Command;
  /** Folder of the run; its `events.jsonl` tells when a process has begun to work. */
  runDir: string;
  kills: number;
  /** Of the random moments: the same seed gives the same waits. */
  seed: number;
  /** Longest wait, in milliseconds, between the first event of a process and its end; asked before each kill. */
  longestWaitMs(): number;
  /** Called after each kill, when the process is gone. */
  onKilled?: (kill: number) => Promise<void>;
}

export interface KillResult {
  /** Processes that were killed while they worked. */
  killed: number;
  /** Standard output of the process that came to the end. */
  stdout: string;
  exitCode: number | null;
}

/** Longest time a process may take to its first event, and the last one to the end. */
const PATIENCE_MS = 120_000;

/** Runs, kills with SIGKILL, resumes, kills, ..., and lets the last process come to its end. Stops killing early when a process ends by itself. */
export async function killAndResume(plan: KillPlan): Promise<KillResult> {
  const random = seededRandom(plan.seed);
  for (let killed = 0; ; killed++) {
    const child = start(killed === 0 ? plan.run : plan.resume);
    if (killed === plan.kills) return { killed, ...(await child.end()) };
    await firstEvent(plan.runDir, child);
    await Promise.race([sleep(random() * plan.longestWaitMs()), child.exited]);
    const ended = child.process.exitCode !== null || child.process.signalCode !== null;
    if (ended) return { killed, ...(await child.end()) };
    child.process.kill('SIGKILL');
    await child.exited;
    await plan.onKilled?.(killed + 1);
  }
}

interface Running {
  process: ChildProcess;
  exited: Promise<unknown>;
  end(): Promise<{ stdout: string; exitCode: number | null }>;
}

function start({ argv, env, cwd }: Command): Running {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd, env: env ?? process.env, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  return {
    process: child,
    exited,
    async end() {
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await exited;
      clearTimeout(timer);
      return { stdout, exitCode: child.exitCode };
    },
  };
}

/** Waits until the process has written to the run's log. */
async function firstEvent(runDir: string, child: Running): Promise<void> {
  const size = async () => (await stat(join(runDir, 'events.jsonl')).catch(() => null))?.size ?? 0;
  const before = await size();
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; ) {
    if ((await size()) > before || child.process.exitCode !== null) return;
    await sleep(5);
  }
  child.process.kill('SIGKILL');
  throw new Error(`no event of the new process in ${PATIENCE_MS / 1000} s`);
}

/** Numbers in [0, 1): mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
