/**
 * Processes of Assay's own that outlive whoever starts them: a session of their own, output in a log file, a unix socket in a private folder. What they do stands
 * in a main file beside the code that starts them.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A socket path holds at most 107 bytes (sun_path of unix(7), with its end mark 108). */
const SOCKET_PATH_BYTES = 107;
const LOOK_MS = 20;
const LAST_WORDS = 500;

export interface CompanionOptions {
  /** `import.meta.url` of the file that starts it. */
  beside: string;
  /** Main file relative to it, without its ending. */
  main: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Its output is added here. */
  log: string;
  startMs: number;
}

/**
 * Starts it and asks `link` again and again with its process id, until there is a link, the process ends or the time is over. Gives the link, or a sentence that
 * says why there is none.
 */
export async function startCompanion<Link extends object>(
  options: CompanionOptions,
  link: (pid: number) => Promise<Link | undefined>,
): Promise<Link | string> {
  const output = await open(options.log, 'a', 0o600);
  const over = new AbortController();
  try {
    const { size: before } = await output.stat();
    const child = spawn(process.execPath, [...loader(options.beside), mainFile(options), ...options.args], {
      detached: true, // a session of its own: no signal of the terminal, no end with the parent
      stdio: ['ignore', output.fd, output.fd],
      cwd: '/',
      env: options.env,
    });
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? code}`));
    });
    child.unref();
    const found = await Promise.race([appears(options.startMs, over.signal, () => link(child.pid ?? 0)), ended]);
    if (typeof found !== 'string') return found;
    const said = (await readFile(options.log).catch(() => Buffer.alloc(0))).subarray(before);
    const words = said.toString().slice(-LAST_WORDS);
    return `${found} ${words}`.trim();
  } finally {
    over.abort();
    await output.close();
  }
}

/** A path for a socket in a new private folder: folders of users may be deep, and socket paths are short. `name` begins the folder's name. */
export function newSocketPath(name: string): string {
  const example = join(`${name}-XXXXXX`, 'socket');
  const parent = Buffer.byteLength(join(tmpdir(), example)) > SOCKET_PATH_BYTES ? '/tmp' : tmpdir();
  return join(mkdtempSync(join(parent, `${name}-`)), 'socket');
}

async function appears<Link extends object>(
  startMs: number,
  over: AbortSignal,
  link: () => Promise<Link | undefined>,
): Promise<Link | string> {
  for (const until = performance.now() + startMs; performance.now() < until && !over.aborted; await sleep(LOOK_MS)) {
    const found = await link();
    if (found !== undefined) return found;
  }
  return `nothing was heard of it for ${startMs / 1000} seconds`;
}

/** In the source tree the main file is TypeScript and needs the loader; built it is JavaScript. */
function mainFile({ beside, main }: CompanionOptions): string {
  return fileURLToPath(new URL(`${main}.${beside.endsWith('.ts') ? 'ts' : 'js'}`, beside));
}

function loader(beside: string): string[] {
  return beside.endsWith('.ts') ? ['--import', createRequire(import.meta.url).resolve('tsx')] : [];
}
