/**
 * A persistent bash over one byte stream. Bash reads its script from stdin; each command is one complete line, `eval $'...' </dev/null`,
 * followed by a line that prints an end mark. So an unterminated here-document ends inside `eval`, a command that reads stdin finds it
 * empty, and a background process that keeps the pipe delays nothing. `exit` and `set -e` end the shell; its EXIT trap saves the working directory,
 * exported variables and functions, and the next call goes on with them in a new shell.
 */
import { randomBytes } from 'node:crypto';
import {
  AssayError,
  type Sandbox,
  type SandboxProcess,
  type ShellResult,
  type ShellRunOptions,
  type ShellSession,
} from '../contracts/index.ts';
import { bashQuote } from './bash-quote.ts';
import { HeadTail } from './head-tail.ts';
import { type Mark, MarkerStream } from './marker-stream.ts';
import { OutputSpool, SPOOL_CAP_BYTES } from './output-spool.ts';

export interface ShellSessionOptions {
  /** Bytes of output returned; longer output keeps head and tail. Default 24 KiB. */
  maxOutputBytes?: number;
  /** Used when a call gives none. Default 120. */
  timeoutSeconds?: number;
  /** Folder in the sandbox for whole outputs; its files are named by the number of the command, so that a repeated attempt names them alike. */
  outputFolder?: string;
}

type End = { status: ShellResult['status']; exitCode: number | null };

const MAX_BACKLOG = 4 * 1024 ** 2;
/** After the shell process ended, its last output and exit mark arrive within this time, also when others hold the pipe. */
const EXIT_DRAIN_MS = 150;

export class BashSession implements ShellSession {
  private readonly sandbox: Sandbox;
  private readonly maxOutputBytes: number;
  private readonly timeoutSeconds: number;
  private readonly outputFolder: string;
  private readonly stateFile: string;
  private readonly nonce = randomBytes(12).toString('hex');
  private shell: SandboxProcess | null = null;
  private needsRestart = false;
  private restoreState = false;
  private sequence = 0;
  private collector: HeadTail;
  private spool: OutputSpool | null = null;
  private onMark: ((mark: Mark) => void) | null = null;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(sandbox: Sandbox, options: ShellSessionOptions = {}) {
    this.sandbox = sandbox;
    this.maxOutputBytes = options.maxOutputBytes ?? 24 * 1024;
    this.timeoutSeconds = options.timeoutSeconds ?? 120;
    this.outputFolder = options.outputFolder ?? '/tmp/assay-output';
    this.stateFile = `/tmp/.assay-shell-${this.nonce}`;
    this.collector = new HeadTail(this.maxOutputBytes);
  }

  get alive(): boolean {
    return !this.needsRestart;
  }

  run(command: string, options: ShellRunOptions = {}): Promise<ShellResult> {
    const result = this.queue.then(() => this.runNow(command, options));
    this.queue = result.catch(() => {}); // a failed call must not block the next one; the caller has the rejection
    return result;
  }

  restart(): Promise<void> {
    const done = this.queue.then(async () => {
      await this.kill();
      this.needsRestart = false;
      this.restoreState = false;
    });
    this.queue = done;
    return done;
  }

  async close(): Promise<void> {
    await this.kill();
    this.needsRestart = true;
  }

  private async runNow(command: string, options: ShellRunOptions): Promise<ShellResult> {
    const started = performance.now();
    if (options.signal?.aborted) throw cancelled();
    if (this.needsRestart) return this.result({ status: 'shell-exited', exitCode: null }, started);
    if (command.includes('\0')) {
      this.collector.push(Buffer.from('bash: the command contains a NUL byte\n'));
      return this.result({ status: 'finished', exitCode: 2 }, started);
    }
    const shell = this.shell ?? (await this.start());
    const end = await this.evaluate(shell, command, options);
    if (end.status === 'shell-exited' || end.status === 'sandbox-died') this.shell = null;
    if (end.status === 'sandbox-died') this.needsRestart = true;
    if (end.status === 'timeout') {
      await this.kill();
      this.needsRestart = true;
    }
    if (options.signal?.aborted) throw cancelled();
    return this.result(end, started);
  }

  private async start(): Promise<SandboxProcess> {
    const shell = await this.sandbox.spawn(['bash', '--noprofile', '--norc'], { stderr: 'merge' });
    shell.stdin.on('error', () => {}); // the exit of the shell tells
    const stream = new MarkerStream(
      this.nonce,
      (bytes) => this.takeOutput(bytes, shell),
      (mark) => this.onMark?.(mark),
    );
    shell.stdout.on('data', (chunk: Buffer) => stream.push(chunk));
    shell.stdout.on('end', () => stream.flush());
    const save = `{ export -p; declare -f; printf 'cd -- %q\\n' "$PWD"; } >${this.stateFile} 2>/dev/null`;
    const restore = this.restoreState ? `. ${this.stateFile} 2>/dev/null; rm -f ${this.stateFile}; ` : '';
    const trap = `trap '{ __assay_code=$?; ${save.replaceAll("'", "'\\''")}; printf "\\036${this.nonce}:exit:%d\\036" "$__assay_code" >&97; } 2>/dev/null' EXIT`;
    shell.stdin.write(`exec 97>&1; ${restore}${trap}\n`);
    this.restoreState = false;
    this.shell = shell;
    return shell;
  }

  private evaluate(shell: SandboxProcess, command: string, options: ShellRunOptions): Promise<End> {
    const sequence = String(++this.sequence);
    return new Promise<End>((resolve) => {
      const finish = (end: End) => {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', abort);
        // The end of a shell is told to all its commands, also when the next one's runs already.
        if (this.onMark === onMark) this.onMark = null;
        resolve(end);
      };
      const timeoutMs = (options.timeoutSeconds ?? this.timeoutSeconds) * 1000;
      const timer = setTimeout(() => finish({ status: 'timeout', exitCode: null }), timeoutMs);
      const abort = () => finish({ status: 'timeout', exitCode: null });
      options.signal?.addEventListener('abort', abort, { once: true });
      let exitCode: number | null = null;
      const onMark = (mark: Mark) => {
        if (mark.word === sequence) finish({ status: 'finished', exitCode: mark.code });
        if (mark.word !== 'exit') return;
        exitCode = mark.code;
        this.restoreState = true;
      };
      this.onMark = onMark;
      shell.exit.then((exit) => {
        const end: End = { status: exit.sandboxDied ? 'sandbox-died' : 'shell-exited', exitCode: exit.code };
        setTimeout(() => afterTurns(20, () => finish({ ...end, exitCode: exitCode ?? end.exitCode })), EXIT_DRAIN_MS);
      });
      const mark = `{ printf '\\036${this.nonce}:${sequence}:%d\\036' "$?" >&97; } 2>/dev/null`;
      shell.stdin.write(`exec 1>&97 2>&97\n${evalLine(command)}\n${mark}\n`);
    });
  }

  private takeOutput(bytes: Buffer, shell: SandboxProcess): void {
    if (this.spool === null && this.collector.bytes + bytes.length > this.maxOutputBytes) {
      this.spool = new OutputSpool(this.sandbox, `${this.outputFolder}/output-${this.sequence}.txt`);
      const { head, tail } = this.collector.parts();
      this.spool.write(Buffer.concat([head, tail]));
    }
    this.collector.push(bytes);
    const spool = this.spool;
    if (spool === null) return;
    spool.write(bytes);
    if (spool.backlog > MAX_BACKLOG && !shell.stdout.isPaused()) {
      shell.stdout.pause();
      spool.idle().then(() => shell.stdout.resume());
    }
  }

  private async result(end: End, started: number): Promise<ShellResult> {
    const collector = this.collector;
    const spool = this.spool;
    this.collector = new HeadTail(this.maxOutputBytes);
    this.spool = null;
    const whole = spool !== null && end.status !== 'sandbox-died' && (await spool.end());
    const where = whole ? wholeText(spool.path, collector.bytes) : 'the rest could not be kept';
    const { text, cutBytes } = collector.text((cut) => `[... ${cut} bytes cut; ${where} ...]`);
    return {
      output: text,
      exitCode: end.exitCode,
      outputBytes: collector.bytes,
      cutBytes,
      ...(whole ? { fullOutputPath: spool.path } : {}),
      status: end.status,
      durationMs: performance.now() - started,
    };
  }

  private async kill(): Promise<void> {
    const shell = this.shell;
    this.shell = null;
    if (shell === null) return;
    shell.kill('SIGKILL');
    await Promise.race([shell.exit, new Promise((resolve) => setTimeout(resolve, 5_000).unref())]);
    shell.stdout.destroy();
  }
}

/** Calls back after some turns of the event loop: on a starved machine a timer alone may fire before what lies in the pipe was read. */
function afterTurns(turns: number, callback: () => void): void {
  if (turns === 0) callback();
  else setImmediate(() => afterTurns(turns - 1, callback));
}

/** Commands longer than this are not checked: one argument of a program holds at most 128 KiB. */
const CHECK_LIMIT = 100_000;

/**
 * The line that runs the command. Unterminated quotes and substitutions are caught by `bash -n` before: inside `eval` they end a bash that reads
 * its script from a pipe (5.2 even corrupts its heap). Other syntax errors are left to `eval`, which knows the session's shell options.
 */
function evalLine(command: string): string {
  const run = `eval ${bashQuote(command)} 0</dev/null`;
  if (!/['"`$({\\]|\b(if|for|while|until|case|select|do|then)\b/.test(command) || command.length > CHECK_LIMIT)
    return run;
  const check = `__assay_check=$(LC_ALL=C bash -n -c ${bashQuote(command)} 2>&1 0</dev/null)`;
  const incomplete = '[[ $__assay_check == *"unexpected EOF"* || $__assay_check == *"unexpected end of file"* ]]';
  return `if ${check}; then ${run}; elif ${incomplete}; then printf '%s\\n' "$__assay_check"; (exit 2); else ${run}; fi`;
}

function wholeText(path: string, bytes: number): string {
  return bytes > SPOOL_CAP_BYTES
    ? `the first ${SPOOL_CAP_BYTES} bytes are in ${path}`
    : `the whole output is in ${path}`;
}

function cancelled(): AssayError {
  return new AssayError('cancelled', 'the command was cancelled', { class: 'cancelled', retryable: true });
}
