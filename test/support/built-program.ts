/** The built program as users run it: `npm test` builds first. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const BUILT_PROGRAM = [process.execPath, join(import.meta.dirname, '../../bin/assay.mjs')] as const;

export interface ProgramResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `assay` with these arguments to its end. Default environment: that of the test. */
export function runBuiltProgram(
  args: readonly string[],
  { cwd, env }: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<ProgramResult> {
  const [node, program] = BUILT_PROGRAM;
  const child = spawn(node, [program, ...args], env === undefined ? { cwd } : { cwd, env });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    out.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    out.stderr += chunk.toString();
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...out })));
}
