/** The repository as every candidate found it: names, imports and contents of files, read in a sandbox without any patch. */
import { AssayError, type HiddenFile, type Sandbox } from '../../contracts/index.ts';
import { exec } from '../../sandbox/exec.ts';
import { sandboxFiles } from '../../sandbox/files.ts';
import { IMPORT_PATTERN, type ImportLine } from './import-graph.ts';

export interface BaseRepository {
  /** Tracked files. */
  files: string[];
  imports: ImportLine[];
  /** Contents and mode, null when there is no such file. */
  read(path: string): Promise<HiddenFile | null>;
}

/** `sandbox` must be fresh; `read` works as long as it lives. Throws `sandbox-file` when git does not answer, `sandbox-died`, `cancelled`. */
export async function openBaseRepository(sandbox: Sandbox, signal: AbortSignal): Promise<BaseRepository> {
  const { workdir } = sandbox.spec;
  const git = async (...args: string[]) => {
    const argv = ['git', '-c', 'safe.directory=*', ...args];
    const result = await exec(sandbox, argv, { cwd: workdir, timeoutSeconds: 120, signal });
    // Exit code 1 of `git grep` means that nothing was found.
    if (result.exitCode === 0 || (result.exitCode === 1 && args[0] === 'grep')) return result.stdout.toString();
    throw new AssayError(
      'sandbox-file',
      `git ${args[0]} failed in the repository: ${result.stderr.toString().slice(-300)}`,
      {
        class: 'infra',
        retryable: true,
      },
    );
  };
  const names = await git('ls-files', '-z');
  const found = await git(
    'grep',
    '-I',
    '--no-color',
    '-z',
    '-E',
    '-e',
    IMPORT_PATTERN,
    '--',
    '*.py',
    '*.js',
    '*.?js',
    '*.jsx',
    '*.ts',
    '*.?ts',
    '*.tsx',
  );
  const files = sandboxFiles(sandbox);
  return {
    files: names.split('\0').filter((path) => path !== ''),
    imports: found.split('\n').flatMap((line) => {
      const at = line.indexOf('\0');
      return at < 0 ? [] : [{ path: line.slice(0, at), text: line.slice(at + 1) }];
    }),
    async read(path) {
      const place = `${workdir}/${path}`;
      const stat = await files.stat(place);
      if (stat?.kind !== 'file') return null;
      return { path, content: await files.read(place), mode: stat.mode };
    },
  };
}
