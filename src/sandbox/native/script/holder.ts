/** One holder process: namespaces and mounts of one sandbox, alive as long as its stdin is open. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { AssayError } from '../../../contracts/index.ts';
import { HOLDER_SCRIPT } from './holder-script.ts';

export interface HolderPlace {
  /** Private folder that the sandbox's file system is mounted over. */
  runFolder: string;
  skeleton: string;
  network: 'none' | 'host';
  /** Set when Assay runs as root: the unprivileged user that everything runs as. */
  uid?: number | undefined;
}

export interface HolderContent {
  /** Bottom first. */
  layerFolders: readonly string[];
  diskBytes: number;
  workdir: string;
  /** Read-only binds that the holder makes; undefined leaves these and /tmp and /run to others. */
  binds?: readonly { source: string; target: string }[] | undefined;
}

export class Holder {
  readonly pid: number;
  /** Resolves when the holder is gone. */
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;
  private errors = '';

  private constructor(child: ChildProcess, answers: AsyncIterator<string>) {
    this.child = child;
    this.pid = child.pid ?? 0; // without one it ends at once
    this.answers = answers;
    this.ended = new Promise((resolve) => {
      child.once('error', (cause) => {
        this.errors += cause.message;
        resolve();
      });
      child.once('exit', () => resolve());
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.errors = (this.errors + chunk.toString()).slice(-2000);
    });
    child.stdin?.on('error', () => {}); // its end is told by the exit
  }

  /** Resolves when it waits for `open`. Throws `sandbox-create-failed` with what the set-up printed. */
  static async start(place: HolderPlace): Promise<Holder> {
    const network = place.network === 'none' ? ['--net'] : [];
    const namespaces = ['--user', '--map-root-user', '--mount', '--ipc', '--uts', ...network];
    const script = ['/bin/sh', '-c', HOLDER_SCRIPT, 'sh', place.runFolder, place.skeleton];
    const child = spawn('/usr/bin/unshare', [...namespaces, '--propagation', 'private', '--', ...script], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      cwd: '/',
      ...(place.uid === undefined ? {} : { uid: place.uid, gid: place.uid }),
    });
    const holder = new Holder(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    await holder.demand('ready');
    return holder;
  }

  /** Resolves when the file system stands. Throws `sandbox-create-failed`. */
  async open(content: HolderContent): Promise<void> {
    const layers = [...content.layerFolders].reverse().map((folder) => `${folder}:`);
    this.tell(`open ${content.diskBytes}`, content.workdir, layers.join(''));
    await this.demand('opened');
    if (content.binds === undefined) return;
    for (const { source, target } of content.binds) {
      this.tell('bind', source, target);
      await this.demand('bound');
    }
    this.tell('scratch');
    await this.demand('bound');
  }

  /** Sends one command, gives its one-line answer; undefined when the holder ended. */
  async ask(line: string): Promise<string | undefined> {
    this.tell(line);
    const answer = await this.answers.next();
    return answer.done === true ? undefined : answer.value;
  }

  private tell(...lines: string[]): void {
    const broken = lines.find((line) => line.includes('\n'));
    if (broken !== undefined) throw createFailed(`a path holds a line break: ${JSON.stringify(broken)}`);
    this.child.stdin?.write(`${lines.join('\n')}\n`);
  }

  private async demand(answer: string): Promise<void> {
    const line = await this.answers.next();
    if (line.done !== true && line.value === answer) return;
    await this.ended;
    throw createFailed(this.errors.trim() || 'the set-up ended without a word');
  }

  /** Copies the upper into an existing empty folder; the hex digest of its content. Throws `sandbox-disk-full`. */
  async storeLayer(folder: string): Promise<string> {
    const answer = await this.ask(`snapshot ${folder}`);
    const hex = /^layer ([0-9a-f]{64})$/.exec(answer ?? '')?.[1];
    if (hex !== undefined) return hex;
    throw new AssayError('sandbox-disk-full', 'the layer could not be written', {
      class: 'infra',
      retryable: true,
      hint: 'Free disk space (`assay env gc`).',
    });
  }

  /** Ends the holder; its namespaces go with the last process in them. */
  async end(): Promise<void> {
    this.child.stdin?.end();
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // already gone
    }
    await this.ended;
  }
}

function createFailed(message: string): AssayError {
  return new AssayError('sandbox-create-failed', `the sandbox could not be set up: ${message}`, {
    class: 'infra',
    retryable: true,
    hint: 'User namespaces may be closed to ordinary users: on Ubuntu run `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, in a container allow them; `assay doctor` shows what works.',
  });
}
