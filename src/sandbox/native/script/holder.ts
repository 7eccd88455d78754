/** One holder process: namespaces and mounts of one sandbox, alive as long as its stdin is open. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { AssayError } from '../../../contracts/index.ts';
import { HOLDER_SCRIPT } from './holder-script.ts';

export interface HolderPlan {
  runFolder: string;
  skeleton: string;
  /** Bottom first. */
  layerFolders: readonly string[];
  diskBytes: number;
  workdir: string;
  binds: readonly { source: string; target: string }[];
  network: 'none' | 'host';
  /** Set when Assay runs as root: the unprivileged user that everything runs as. */
  uid?: number;
}

export class Holder {
  readonly pid: number;
  /** Resolves when the holder is gone. */
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;

  private constructor(child: ChildProcess, pid: number, answers: AsyncIterator<string>) {
    this.child = child;
    this.pid = pid;
    this.answers = answers;
    this.ended = new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve();
      child.once('exit', () => resolve());
    });
  }

  /** Resolves when the file system stands. Throws `sandbox-create-failed` with what the set-up printed. */
  static async start(plan: HolderPlan): Promise<Holder> {
    const layers = [...plan.layerFolders]
      .reverse()
      .map((folder) => `${folder}:`)
      .join('');
    const binds = plan.binds.flatMap(({ source, target }) => [source, target]);
    const namespaces = [
      '--user',
      '--map-root-user',
      '--mount',
      '--ipc',
      '--uts',
      ...(plan.network === 'none' ? ['--net'] : []),
    ];
    const args = [...namespaces, '--propagation', 'private', '--', '/bin/sh', '-c', HOLDER_SCRIPT, 'sh'];
    const child = spawn(
      '/usr/bin/unshare',
      [...args, plan.runFolder, plan.skeleton, layers, String(plan.diskBytes), plan.workdir, ...binds],
      {
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
        cwd: '/',
        ...(plan.uid === undefined ? {} : { uid: plan.uid, gid: plan.uid }),
      },
    );
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    child.stdin.on('error', () => {}); // its end is told by the exit
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (cause) => reject(createFailed(cause.message, cause)));
      child.once('close', () => reject(createFailed(errors.trim() || 'the set-up ended without a word')));
    });
    failed.catch(() => {}); // looked at only while starting
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await Promise.race([answers.next(), failed]).then(async (answer) => {
      if (answer.done === true) await failed;
    });
    if (child.pid === undefined) throw createFailed('the set-up has no process');
    return new Holder(child, child.pid, answers);
  }

  /** Sends one command, gives its one-line answer; undefined when the holder ended. */
  async ask(line: string): Promise<string | undefined> {
    this.child.stdin?.write(`${line}\n`);
    const answer = await this.answers.next();
    return answer.done === true ? undefined : answer.value;
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

function createFailed(message: string, cause?: unknown): AssayError {
  return new AssayError('sandbox-create-failed', `the sandbox could not be set up: ${message}`, {
    class: 'infra',
    retryable: true,
    hint: 'User namespaces may be closed to ordinary users: on Ubuntu run `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, in a container allow them; `assay doctor` shows what works.',
    ...(cause === undefined ? {} : { cause }),
  });
}
