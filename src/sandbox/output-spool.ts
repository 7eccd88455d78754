/** Writes the whole of a long output into a file of the sandbox, with back-pressure and a size cap. */
import type { Sandbox, SandboxProcess } from '../contracts/index.ts';

/** More than this is not kept: the file must not eat the sandbox's disk. */
export const SPOOL_CAP_BYTES = 256 * 1024 ** 2;

export class OutputSpool {
  readonly path: string;
  private readonly writer: Promise<SandboxProcess | null>;
  private queue: Promise<void>;
  private queued = 0;
  private written = 0;
  private failed = false;

  constructor(sandbox: Sandbox, path: string) {
    this.path = path;
    // biome-ignore lint/suspicious/noTemplateCurlyInString: shell syntax
    const script = 'umask 022; mkdir -p -- "${1%/*}" && exec cat > "$1"';
    this.writer = sandbox.spawn(['sh', '-c', script, 'sh', path], { cwd: '/', stderr: 'merge' }).then(
      (child) => {
        child.stdout.resume();
        child.stdin.on('error', () => {
          this.failed = true;
        });
        return child;
      },
      () => {
        this.failed = true; // no process could be started (limits): the output is cut, which the result says
        return null;
      },
    );
    this.queue = this.writer.then(() => {});
  }

  /** Bytes given but not yet taken by the file: the reader should pause while this is large. */
  get backlog(): number {
    return this.queued;
  }

  write(chunk: Buffer): void {
    const part = chunk.subarray(0, Math.max(0, SPOOL_CAP_BYTES - this.written));
    this.written += part.length;
    if (part.length === 0) return;
    const copy = Buffer.from(part);
    this.queued += copy.length;
    this.queue = this.queue.then(() => this.deliver(copy));
  }

  /** Resolves when everything given so far has been taken. */
  async idle(): Promise<void> {
    await this.queue;
  }

  /** Closes the file. True when it holds the whole output (up to the cap). */
  async end(): Promise<boolean> {
    await this.queue;
    const child = await this.writer;
    if (child === null) return false;
    child.stdin.end();
    const exit = await child.exit;
    return !this.failed && exit.code === 0;
  }

  private async deliver(chunk: Buffer): Promise<void> {
    const child = await this.writer;
    if (child !== null && !this.failed) {
      await new Promise<void>((resolve) => {
        child.stdin.write(chunk, () => resolve());
        child.exit.then(() => resolve());
      });
    }
    this.queued -= chunk.length;
  }
}
