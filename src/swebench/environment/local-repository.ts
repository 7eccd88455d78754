/** A git repository on the host as the source of instances: found below the folders the user names, read with `git`, never changed. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runHostProcess } from '../../base/host-process.ts';
import { AssayError } from '../../contracts/index.ts';

export interface LocalRepository {
  readonly gitDir: string;
  /** Seconds since 1970 of the commit. Throws `environment-build-failed` when the repository lacks it. */
  commitTime(commit: string): Promise<number>;
  /** The newest first-parent ancestor made before the year of the commit; null when there is none. Instances of one year share its history. */
  anchor(commit: string): Promise<string | null>;
  /** Tags whose commits `commit` reaches, as `name object` lines. */
  tags(commit: string): Promise<string[]>;
  /** A file as of a commit; empty when there is none. */
  file(commit: string, path: string): Promise<string>;
  /** A pack of all that `wanted` reach and `without` does not; objects a partial clone lacks are left out. */
  pack(wanted: readonly string[], without: readonly string[]): Promise<Buffer>;
}

const MAX_PACK_BYTES = 2 * 1024 ** 3;

/** Looks for `owner/name`, `owner+name`, `owner__name` and `name` in each folder, bare or not. Throws `file-not-found` naming where it looked. */
export async function findRepository(repo: string, folders: readonly string[]): Promise<LocalRepository> {
  const name = repo.split('/').at(-1) ?? repo;
  const spellings = [repo, repo.replace('/', '+'), repo.replace('/', '__'), name];
  for (const folder of folders) {
    for (const spelling of spellings) {
      for (const place of ['', '.git', '/.git', '/repo', '/repo.git']) {
        const gitDir = `${join(folder, spelling)}${place}`;
        if (await isGitDirectory(gitDir)) return openRepository(gitDir);
      }
    }
  }
  const message =
    folders.length === 0
      ? `${repo} is needed to build an environment, and no folder with repositories is given`
      : `${repo} is in none of ${folders.join(', ')} (looked for ${spellings.join(', ')})`;
  throw new AssayError('file-not-found', message, {
    class: 'input',
    retryable: false,
    hint: 'Clone it there and name the folder with --repos.',
  });
}

function openRepository(gitDir: string): LocalRepository {
  const git = async (args: readonly string[], input?: string, maxBytes?: number) => {
    const result = await runHostProcess(['git', '-c', 'safe.directory=*', `--git-dir=${gitDir}`, ...args], {
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', GIT_NO_REPLACE_OBJECTS: '1' },
      timeoutMs: 900_000,
      ...(input === undefined ? {} : { input }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
    });
    if (result.code === 0) return result.stdout;
    const reason = result.timedOut ? 'it took too long' : result.stderr.toString().trim().slice(-500);
    throw new AssayError('environment-build-failed', `git ${args[0]} in ${gitDir} failed: ${reason}`, {
      class: 'task',
      retryable: false,
      hint: 'Fetch the commits of the data set into that repository.',
    });
  };
  const lines = async (...args: string[]) =>
    (await git(args))
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  const commitTime = async (commit: string) =>
    Number((await lines('log', '-1', '--format=%ct', '--end-of-options', commit))[0]);
  return {
    gitDir,
    commitTime,
    async anchor(commit) {
      const year = new Date((await commitTime(commit)) * 1000).getUTCFullYear();
      const found = await lines(
        'rev-list',
        '-1',
        '--first-parent',
        `--before=${year}-01-01T00:00:00Z`,
        '--end-of-options',
        commit,
      );
      return found[0] ?? null;
    },
    tags: (commit) => lines('for-each-ref', `--merged=${commit}`, '--format=%(refname) %(objectname)', 'refs/tags'),
    async file(commit, path) {
      const listed = await lines('ls-tree', commit, '--', path);
      return listed.length === 0 ? '' : (await git(['show', `${commit}:${path}`])).toString();
    },
    pack(wanted, without) {
      const revisions = [...wanted, ...without.map((commit) => `^${commit}`)].join('\n');
      return git(
        ['pack-objects', '--revs', '--stdout', '-q', '--thin', '--delta-base-offset', '--missing=allow-any'],
        `${revisions}\n`,
        MAX_PACK_BYTES,
      );
    },
  };
}

async function isGitDirectory(path: string): Promise<boolean> {
  const [objects, head] = await Promise.all([exists(join(path, 'objects')), exists(join(path, 'HEAD'))]);
  return objects && head;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
