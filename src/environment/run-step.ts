/** One build step in a sandbox: bash with `set -e`, output to a log file as it comes, the last lines kept for messages. */
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../base/make-folder.ts';
import { AssayError, type BuildStep, type Sandbox } from '../contracts/index.ts';
import { exec } from '../sandbox/exec.ts';
import { HeadTail } from '../sandbox/head-tail.ts';

const KEPT_BYTES = 64 * 1024;
const MAX_LOG_BYTES = 32 * 1024 ** 2;

export interface RunStepOptions {
  cwd: string;
  env: Readonly<Record<string, string>>;
  logPath: string;
  signal: AbortSignal;
  /** Default: stdin is empty. */
  input?: Uint8Array;
}

/** Throws `environment-build-failed` with the step's name, its last 20 lines and the path of the log. */
export async function runStep(sandbox: Sandbox, step: BuildStep, options: RunStepOptions): Promise<void> {
  await makeFolder(dirname(options.logPath));
  const log = await open(options.logPath, 'w');
  const output = new HeadTail(KEPT_BYTES);
  const writer = new LogWriter(log);
  try {
    const result = await exec(sandbox, ['bash', '--noprofile', '--norc', '-e', '-c', step.run], {
      cwd: options.cwd,
      env: options.env,
      stderr: 'merge',
      maxBytes: 0,
      timeoutSeconds: step.timeoutSeconds,
      signal: options.signal,
      ...(options.input === undefined ? {} : { input: options.input }),
      onStdout(chunk) {
        output.push(chunk);
        writer.push(chunk);
      },
    });
    if (result.exitCode === 0) return;
    const ending = result.timedOut
      ? `did not finish within ${step.timeoutSeconds} s`
      : result.sandboxDied
        ? 'lost its sandbox (memory, disk or time ran out)'
        : `ended with ${result.exitCode === null ? result.signal : `exit code ${result.exitCode}`}`;
    throw stepFailed(step, ending, output, options.logPath, result.timedOut || result.sandboxDied);
  } finally {
    await writer.flush();
    await log.close();
  }
}

function stepFailed(
  step: BuildStep,
  ending: string,
  output: HeadTail,
  logPath: string,
  retryable: boolean,
): AssayError {
  const lines = output.parts().tail.length > 0 ? output.parts().tail : output.parts().head;
  const last = lines.toString().trimEnd().split('\n').slice(-20).join('\n');
  return new AssayError('environment-build-failed', `Step "${step.name}" ${ending}.\n${last}\nLog: ${logPath}`, {
    class: retryable ? 'infra' : 'task',
    retryable: retryable ? null : step.network ? null : false,
    hint: step.network
      ? 'The step uses the network: check it, and the registry settings of npm and pip.'
      : 'Read the log, then mend the step in task.yaml.',
    details: { step: step.name, logPath, output: last },
  });
}

/** Writes in order without holding the stream up; stops at a size no log needs. */
class LogWriter {
  private chain: Promise<void> = Promise.resolve();
  private size = 0;
  private readonly file: FileHandle;

  constructor(file: FileHandle) {
    this.file = file;
  }

  push(chunk: Buffer): void {
    if (this.size > MAX_LOG_BYTES) return;
    this.size += chunk.length;
    const text = this.size > MAX_LOG_BYTES ? Buffer.from('\n[the log ends here: too long]\n') : Buffer.from(chunk);
    this.chain = this.chain.then(async () => {
      await this.file.write(text);
    });
    this.chain.catch(() => {}); // thrown by `flush`
  }

  async flush(): Promise<void> {
    await this.chain;
  }
}
