/** A server process that a test may kill and start again on the same port and data. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const ANSWER_MS = 30_000;

export interface KillableServer {
  /** Resolves when it takes connections. */
  start(): Promise<void>;
  /** Ends it at once, or with another signal. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export function killableServer(argv: readonly string[], port: number, options: SpawnOptions = {}): KillableServer {
  const [program = '', ...args] = argv;
  let child: ChildProcess | undefined;
  let said = '';
  return {
    async start() {
      const started = spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
      child = started;
      started.stderr?.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-2_000);
      });
      for (const until = Date.now() + ANSWER_MS; Date.now() < until; await sleep(30)) {
        if (started.exitCode !== null) break;
        if (await answers(port)) return;
      }
      started.kill('SIGKILL');
      throw new Error(`${program} takes no connections: ${said}`);
    },
    async kill(signal = 'SIGKILL') {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.destroy());
    socket.once('error', () => resolve(false));
    socket.once('close', (hadError) => resolve(!hadError));
  });
}
