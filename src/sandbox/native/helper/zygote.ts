/** The helper process: started once per backend, asked over a unix socket, ended with the backend or with this process, whichever comes first. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { createFailed } from './agent-connection.ts';

export interface ZygotePlan {
  program: string;
  /** `inside outside count`, for users and groups alike. */
  idMap: string;
  layers: string;
  mountPoint: string;
  skeleton: string;
  filterFile: string;
  /** Paths of the two listening sockets. */
  sockets: { none: string; host: string };
  binds: readonly { source: string; target: string }[];
  cgroups: readonly string[];
}

export class Zygote {
  /** Resolves with what it printed on stderr when it is gone. */
  readonly ended: Promise<string>;
  private readonly plan: ZygotePlan;
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Who waits for the end of a sandbox, by id. */
  private readonly awaited = new Map<string, () => void>();
  private readonly creating = new Set<(error: Error) => void>();

  private constructor(plan: ZygotePlan, child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.plan = plan;
    this.child = child;
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    child.stdin.on('error', () => {}); // its end is told by `ended`
    this.ended = new Promise((resolve) => {
      const end = () => {
        for (const gone of this.awaited.values()) gone();
        this.failCreations(errors.trim() || 'the helper process ended');
        resolve(errors.trim());
      };
      child.once('error', (error) => {
        errors += error.message;
        end();
      });
      child.once('close', end); // stdout is open until the last sandbox is gone
    });
  }

  /** Resolves when it listens. Throws `sandbox-create-failed`. */
  static async start(plan: ZygotePlan): Promise<Zygote> {
    const child = spawn(plan.program, argumentsOf(plan), {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {},
      cwd: '/',
      detached: true, // Ctrl-C in a terminal is for Assay to handle
    });
    const zygote = new Zygote(plan, child);
    const listening = new Promise<void>((resolve) => {
      const lines = createInterface({ input: child.stdout });
      lines.on('line', (line) => {
        if (line === 'listening') resolve();
        else zygote.hear(line);
      });
    });
    const failed = zygote.ended.then((errors) => {
      throw createFailed(errors || 'the helper process ended');
    });
    failed.catch(() => {}); // looked at only while starting
    await Promise.race([listening, failed]);
    zygote.rest();
    return zygote;
  }

  /** A connection that a prepared sandbox will take. */
  connect(network: 'none' | 'host'): Socket {
    return createConnection(this.plan.sockets[network]);
  }

  /** Runs `body`, which waits for a sandbox; rejects at once when the helper says that none can be made. */
  async whileCreating<T>(body: Promise<T>): Promise<T> {
    let fail: (error: Error) => void = () => {};
    const failure = new Promise<never>((_, reject) => {
      fail = reject;
    });
    body.catch(() => {}); // told by the race
    this.creating.add(fail);
    this.child.stdout.resume();
    try {
      return await Promise.race([body, failure]);
    } finally {
      this.creating.delete(fail);
    }
  }

  /** Resolves when nothing of the sandbox exists any more. Ask before it ends. */
  gone(id: string): Promise<void> {
    return new Promise((resolve) => {
      (this.child.stdout as Socket).ref();
      this.awaited.set(id, resolve);
    });
  }

  /** Ends the process and with it all its sandboxes. */
  async close(): Promise<void> {
    (this.child.stdout as Socket).ref();
    this.child.ref();
    this.child.stdin.end();
    await this.ended;
  }

  private hear(line: string): void {
    const [word, ...rest] = line.split(' ');
    const text = rest.join(' ');
    if (word === 'failed') this.failCreations(text);
    if (word !== 'gone') return;
    this.awaited.get(text)?.();
    this.awaited.delete(text);
    this.rest();
  }

  private failCreations(reason: string): void {
    for (const fail of this.creating) fail(createFailed(reason));
  }

  /** An idle helper does not keep this process alive. */
  private rest(): void {
    if (this.awaited.size > 0) return;
    this.child.unref();
    for (const pipe of [this.child.stdin, this.child.stdout, this.child.stderr]) (pipe as unknown as Socket).unref();
  }
}

function argumentsOf(plan: ZygotePlan): string[] {
  return [
    'zygote',
    ...['--layers', plan.layers, '--mount-point', plan.mountPoint, '--skeleton', plan.skeleton],
    ...['--uid-map', plan.idMap, '--gid-map', plan.idMap, '--filter', plan.filterFile],
    ...['--isolated', plan.sockets.none, '--host-network', plan.sockets.host],
    ...plan.binds.flatMap(({ source, target }) => ['--bind', source, target]),
    ...plan.cgroups.flatMap((folder) => ['--cgroup', folder]),
  ];
}
