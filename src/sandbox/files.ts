/** Files inside a sandbox, by small `sh` programs over `exec`; paths travel as arguments, contents as bytes. */
import { AssayError, type FileStat, type Sandbox, type WorkspaceFiles } from '../contracts/index.ts';
import { type ExecResult, exec } from './exec.ts';

const READ = `
[ -e "$1" ] || exit 44
[ -d "$1" ] && exit 45
[ -f "$1" ] || exit 46
[ -r "$1" ] || exit 47
[ -n "$2" ] && [ "$(stat -L -c %s -- "$1")" -gt "$2" ] && exit 48
exec cat -- "$1"`;

/** Temporary file beside the target, length checked (a cut transfer must not become a short file), then renamed over it. */
const WRITE = `
target=$1
[ -L "$target" ] && target=$(readlink -f -- "$target")
[ -d "$target" ] && exit 45
[ -e "$target" ] && [ ! -f "$target" ] && exit 46
dir=$(dirname -- "$target")
mkdir -p -- "$dir" || exit 1
temporary=$(mktemp -- "$dir/.assay-write-XXXXXX") || exit 1
trap 'rm -f -- "$temporary"' EXIT
cat > "$temporary" || exit 1
[ "$(stat -c %s -- "$temporary")" = "$2" ] || exit 49
if [ -n "$3" ]; then chmod "$3" -- "$temporary"
elif [ -e "$target" ]; then chmod --reference="$target" -- "$temporary"
else chmod 644 -- "$temporary"; fi || exit 1
mv -f -T -- "$temporary" "$target"`;

const LIST = `
[ -d "$1" ] || { [ -e "$1" ] && exit 50; exit 44; }
if [ "$3" = 1 ]; then find -H "$1" -mindepth 1 -maxdepth "$2" -printf '%y%p\\0'
else find -H "$1" -mindepth 1 -maxdepth "$2" -name '.*' -prune -o -printf '%y%p\\0'; fi | head -z -n "$4"`;

const ERRNO_BY_CODE: Record<number, [errno: string, text: string]> = {
  44: ['ENOENT', 'it does not exist'],
  45: ['EISDIR', 'it is a directory'],
  46: ['EINVAL', 'it is not a regular file'],
  47: ['EACCES', 'it may not be read'],
  48: ['EFBIG', 'it is larger than the limit'],
  49: ['EIO', 'it arrived incomplete'],
  50: ['ENOTDIR', 'it is not a directory'],
};

const ERRNO_BY_TEXT: [text: RegExp, errno: string][] = [
  [/No space left on device|Disk quota exceeded/, 'ENOSPC'],
  [/Permission denied|Operation not permitted/, 'EACCES'],
  [/Read-only file system/, 'EROFS'],
  [/Not a directory|File exists/, 'ENOTDIR'],
  [/Is a directory/, 'EISDIR'],
  [/File name too long/, 'ENAMETOOLONG'],
  [/No such file or directory/, 'ENOENT'],
];

/** The file operations of one sandbox. */
export function sandboxFiles(sandbox: Sandbox): WorkspaceFiles {
  const run = (script: string, args: readonly string[], input?: Uint8Array) =>
    exec(sandbox, ['sh', '-c', script, 'sh', ...args], {
      cwd: '/',
      env: { LC_ALL: 'C' },
      timeoutSeconds: 120,
      maxBytes: 512 * 1024 ** 2,
      ...(input === undefined ? {} : { input }),
    });

  return {
    async read(path, options = {}) {
      const result = await run(READ, [absolute(path), String(options.maxBytes ?? '')]);
      return succeeded(result, 'read', path).stdout;
    },
    async write(path, content, options = {}) {
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
      const mode = options.mode === undefined ? '' : options.mode.toString(8);
      succeeded(await run(WRITE, [absolute(path), String(bytes.length), mode], bytes), 'write', path);
    },
    async stat(path) {
      const result = await run('[ -e "$1" ] || exit 44; exec stat -L -c "%f %s" -- "$1"', [absolute(path)]);
      if (result.exitCode === 44) return null;
      return parseStat(succeeded(result, 'stat', path).stdout.toString());
    },
    async list(path, options = {}) {
      const args = [String(options.depth ?? 1), options.hidden === true ? '1' : '0', String(options.limit ?? 10_000)];
      const result = succeeded(await run(LIST, [absolute(path), ...args]), 'list', path);
      const entries = result.stdout.toString().split('\0').slice(0, -1);
      return entries.map((entry) => entry.slice(1) + (entry.startsWith('d') ? '/' : '')).sort();
    },
    async putArchive(directory, tar) {
      const script = 'mkdir -p -- "$1" && exec tar -x --no-same-owner -f - -C "$1"';
      succeeded(await run(script, [absolute(directory)], tar), 'unpack into', directory);
    },
  };
}

function absolute(path: string): string {
  if (path.startsWith('/') && !path.includes('\0')) return path;
  const details = { errno: 'EINVAL', path };
  throw new AssayError('sandbox-file', `${JSON.stringify(path)} is not an absolute path`, {
    class: 'task',
    retryable: false,
    details,
  });
}

const KINDS: Record<number, FileStat['kind']> = { 32768: 'file', 16384: 'directory', 40960: 'symlink' };

function parseStat(line: string): FileStat {
  const [hex = '0', size = '0'] = line.trim().split(' ');
  const mode = Number.parseInt(hex, 16);
  return { kind: KINDS[mode & 0o170000] ?? 'other', size: Number(size), mode: mode & 0o7777 };
}

function succeeded(result: ExecResult, verb: string, path: string): ExecResult {
  if (result.exitCode === 0) return result;
  if (result.sandboxDied) {
    throw new AssayError('sandbox-died', `the sandbox ended while Assay tried to ${verb} ${path}`, {
      class: 'infra',
      retryable: true,
    });
  }
  const stderr = result.stderr.toString().trim();
  const [errno, text] = ERRNO_BY_CODE[result.exitCode ?? -1] ?? [
    ERRNO_BY_TEXT.find(([pattern]) => pattern.test(stderr))?.[1] ?? 'EIO',
    result.timedOut
      ? 'it took too long'
      : stderr.slice(-300) || `the program ended with ${result.exitCode ?? result.signal}`,
  ];
  const details = { errno, path };
  throw new AssayError('sandbox-file', `cannot ${verb} ${path}: ${text}`, { class: 'task', retryable: false, details });
}
