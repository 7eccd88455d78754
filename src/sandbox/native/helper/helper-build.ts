/** Compiles the static helper (`native/src/*.c`) once per state of its sources and compiler, into the store. */
import { randomBytes } from 'node:crypto';
import { access, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOf } from '../../../base/digest.ts';
import { runHostProcess } from '../../../base/host-process.ts';
import { makeFolder } from '../../../base/make-folder.ts';
import { AssayError } from '../../../contracts/index.ts';

const COMPILERS: readonly (readonly string[])[] = [
  ['musl-gcc', '-static'],
  ['cc', '-static'],
  ['cc'], // without a static C library
];
const FLAGS = ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-fstack-protector-strong'];
const PATH = '/usr/local/bin:/usr/bin:/bin';

/** The helper's path, built when it is missing. Throws `sandbox-unavailable` with what the compilers said. */
export async function buildHelper(folder: string): Promise<string> {
  const sources = await sourceFiles();
  const texts = await Promise.all(sources.map((file) => readFile(file, 'utf8')));
  const digest = digestOf({ texts, flags: FLAGS, arch: process.arch });
  const target = join(folder, `assay-sandbox-${digest.slice('sha256:'.length, 'sha256:'.length + 16)}`);
  if (await isThere(target)) return target;
  await makeFolder(folder);
  const units = sources.filter((file) => file.endsWith('.c'));
  const failures: string[] = [];
  for (const compiler of COMPILERS) {
    const temporary = `${target}.${randomBytes(4).toString('hex')}.tmp`;
    const result = await runHostProcess([...compiler, ...FLAGS, '-o', temporary, ...units], {
      env: { PATH, LC_ALL: 'C', TMPDIR: folder },
      timeoutMs: 120_000,
    }).catch((error: NodeJS.ErrnoException) => error);
    if (!(result instanceof Error) && result.code === 0) {
      await rename(temporary, target); // another process may have been first: its result is as good
      return target;
    }
    await rm(temporary, { force: true });
    failures.push(`${compiler.join(' ')}: ${result instanceof Error ? result.message : lastLine(result.stderr)}`);
  }
  throw new AssayError('sandbox-unavailable', `the helper could not be compiled (${failures.join('; ')})`, {
    class: 'infra',
    retryable: false,
    hint: 'Install a C compiler: `apt-get install gcc libc6-dev`, `dnf install gcc glibc-static` or `apk add build-base`.',
  });
}

/** `native/src` lies beside `src` and beside `dist`. */
async function sourceFiles(): Promise<string[]> {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    const folder = join(at, 'native', 'src');
    const names: string[] = await readdir(folder).catch(() => []);
    if (names.includes('zygote.c')) return names.sort().map((name) => join(folder, name));
  }
  throw new AssayError('sandbox-unavailable', 'the sources of the helper are not part of this installation', {
    class: 'infra',
    retryable: false,
    hint: 'Install the whole package again.',
  });
}

function lastLine(output: Buffer): string {
  return output.toString().trim().split('\n').at(-1) ?? '';
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
