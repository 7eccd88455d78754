/** A server as processes of its own, so that they can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyStore } from '../../src/serve/keys/key-store.ts';

const TSX = createRequire(import.meta.url).resolve('tsx');

export interface ListenerChildOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  holdSeconds: number;
  /** `native`, or any other name for sandboxes without isolation. */
  sandbox: string;
  /** Files. */
  tls?: { cert: string; key: string };
}

export class ListenerProcess {
  readonly home: string;
  url = '';
  private readonly options: Partial<ListenerChildOptions>;
  private readonly behind: readonly string[];
  private child: ChildProcess | undefined;

  /** `behind`: words before those of the program. */
  constructor(options: Partial<ListenerChildOptions> = {}, home = newHome(), behind: readonly string[] = []) {
    this.options = options;
    this.home = home;
    this.behind = behind;
  }

  async makeKey(): Promise<string> {
    const keys = new KeyStore(this.home);
    return (await keys.add({ name: 'test', scopes: ['sandboxes'], maxSandboxes: 64, requestsPerSecond: 10_000 })).text;
  }

  /** On the same port as before. Throws with its last words when it does not come up. */
  async start(more: Partial<ListenerChildOptions> = {}): Promise<void> {
    const port = this.url === '' ? 0 : Number(new URL(this.url).port);
    const options = { host: '127.0.0.1', port, holdSeconds: 60, sandbox: 'host-test', ...this.options, ...more };
    const main = join(import.meta.dirname, 'listener-child.ts');
    const words = [...this.behind, process.execPath, '--import', TSX, main, JSON.stringify(options)];
    const child = spawn(words[0] ?? '', words.slice(1), {
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

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'assay-listener-'));
  chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
  return home;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
