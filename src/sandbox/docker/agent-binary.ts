/** The agent as a static program for an engine's architecture, compiled once and kept by the digest of its source. */
import { chmod, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../base/digest.ts';
import { runHostProcess } from '../../base/host-process.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { AssayError } from '../../contracts/index.ts';

/** As Node names them. */
export type AgentArch = 'x64' | 'arm64';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'container-agent');
const SOURCES = ['agent.c', 'link.c', 'reach.c', 'seal.c'].map((name) => join(FOLDER, name));
const HEADERS = ['link.h', 'reach.h', 'seal.h'].map((name) => join(FOLDER, name));
const FLAGS = ['-std=gnu11', '-O2', '-static', '-s'];

/** Compilers that make static programs, tried in this order: musl's are ten times smaller. */
const COMPILERS: Record<AgentArch, readonly string[]> = {
  x64: ['x86_64-linux-musl-gcc', 'x86_64-linux-gnu-gcc'],
  arm64: ['aarch64-linux-musl-gcc', 'aarch64-linux-gnu-gcc'],
};

/** Bytes of the program. Throws `sandbox-unavailable` with every compiler's complaint when none can make it. */
export async function agentBinary(folder: string, arch: AgentArch): Promise<Buffer> {
  const sources = await Promise.all([...SOURCES, ...HEADERS].map((path) => readFile(path)));
  const path = join(folder, `container-agent-${arch}-${sha256(Buffer.concat(sources)).slice(7, 23)}`);
  const kept = await readFile(path).catch(() => null);
  if (kept !== null) return kept;
  await makeFolder(folder);
  const native = process.platform === 'linux' && process.arch === arch ? ['musl-gcc', 'cc', 'gcc', 'clang'] : [];
  const complaints: string[] = [];
  for (const compiler of [...native, ...COMPILERS[arch]]) {
    const target = `${path}.${process.pid}.tmp`;
    const complaint = await compile(compiler, target);
    if (complaint === undefined) {
      await chmod(target, 0o755);
      await rename(target, path);
      return readFile(path);
    }
    await rm(target, { force: true });
    complaints.push(`${compiler}: ${complaint}`);
  }
  throw new AssayError(
    'sandbox-unavailable',
    `the program that runs inside containers could not be compiled: ${complaints.join('; ')}`,
    {
      class: 'infra',
      retryable: false,
      hint: `Install a C compiler for Linux on ${arch} (\`apt install musl-tools\` or \`apt install gcc libc6-dev\`).`,
    },
  );
}

async function compile(compiler: string, target: string): Promise<string | undefined> {
  try {
    const result = await runHostProcess([compiler, ...FLAGS, '-o', target, ...SOURCES], { timeoutMs: 120_000 });
    if (result.code === 0) return undefined;
    return result.stderr.toString().trim().split('\n')[0] ?? `it ended with ${result.code}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not found' : (error as Error).message;
  }
}
