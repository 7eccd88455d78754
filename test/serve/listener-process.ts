/** A server as processes of its own, so that they can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyStore } from '../../src/serve/keys/key-store.ts';

const TSX = createRequire(import.meta.url).resolve('tsx');

export class ListenerProcess {
  readonly home: string;
  url = '';
  private child: ChildProcess | undefined;

  constructor(home = mkdtempSync(join(tmpdir(), 'assay-listener-'))) {
    this.home = home;
  }

  async makeKey(): Promise<string> {
    const keys = new KeyStore(this.home);
    return (await keys.add({ name: 'test', scopes: ['sandboxes'], maxSandboxes: 64, requestsPerSecond: 10_000 })).text;
  }

  /** On the same port as before. */
  async start(holdSeconds = 60, ...more: string[]): Promise<void> {
    const port = this.url === '' ? '0' : new URL(this.url).port;
    const main = join(import.meta.dirname, 'listener-child.ts');
    const child = spawn(process.execPath, ['--import', TSX, main, port, String(holdSeconds), ...more], {
      env: { ...process.env, ASSAY_HOME: this.home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    const complaint: Buffer[] = [];
    child.stderr?.on('data', (chunk: Buffer) => complaint.push(chunk));
    const said = once(child.stdout ?? child, 'data').then(([chunk]) => String(chunk).trim());
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(Buffer.concat(complaint).toString())));
    this.url = await Promise.race([said, ended]);
    ended.catch(() => {}); // of a child that is killed later
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  get keeper(): { pid: number; clients: string } {
    return JSON.parse(readFileSync(join(this.home, 'serve', 'keeper.json'), 'utf8'));
  }

  /** Kills both. */
  async close(): Promise<void> {
    await this.kill();
    try {
      process.kill(this.keeper.pid, 'SIGKILL');
    } catch {
      // it ended by itself
    }
    rmSync(this.home, { recursive: true, force: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
