/** One of Assay's own bash programs in a sandbox, with a scratch folder that is gone afterwards. */
import { randomUUID } from 'node:crypto';
import { AssayError, type Sandbox } from '../contracts/index.ts';
import { exec } from '../sandbox/exec.ts';
import { GIT_SCRIPT_ENV } from './git-scripts.ts';

export interface RunScriptOptions {
  workdir: string;
  /** Arguments after the work directory and the scratch folder. */
  args?: readonly string[];
  input?: string | Uint8Array;
  /** Below it the scratch folder is made. Default `/var/tmp`: on the sandbox's disk, not in memory. */
  scratchRoot?: string;
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

const MAX_OUTPUT = 64 * 1024 ** 2;

/** What the program printed. Throws `environment-build-failed` with its last words in `details.output` when it does not end with 0. */
export async function runScript(sandbox: Sandbox, script: string, options: RunScriptOptions): Promise<Buffer> {
  const scratch = `${options.scratchRoot ?? '/var/tmp'}/assay-${randomUUID()}`;
  const wrapped = `assay_scratch=$2; trap 'rm -rf -- "$assay_scratch"' EXIT\n${script}`;
  const argv = [
    'bash',
    '--noprofile',
    '--norc',
    '-c',
    wrapped,
    'assay',
    options.workdir,
    scratch,
    ...(options.args ?? []),
  ];
  const result = await exec(sandbox, argv, {
    cwd: '/',
    env: GIT_SCRIPT_ENV,
    maxBytes: MAX_OUTPUT,
    timeoutSeconds: options.timeoutSeconds ?? 600,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (result.exitCode === 0 && result.stdoutBytes <= MAX_OUTPUT) return result.stdout;
  const output = `${result.stdout.subarray(-8_000).toString()}${result.stderr.subarray(-8_000).toString()}`.trim();
  const how = result.timedOut
    ? 'took too long'
    : result.sandboxDied
      ? 'lost its sandbox'
      : `ended with ${result.exitCode ?? result.signal}`;
  throw new AssayError(
    'environment-build-failed',
    `repository preparation ${how}: ${output.split('\n').at(-1) ?? ''}`,
    {
      class: result.sandboxDied ? 'infra' : 'task',
      retryable: result.sandboxDied,
      details: { output },
    },
  );
}
