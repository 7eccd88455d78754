/** The scripts with plain git, on repositories that carry every kind of leftover. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HostSandbox } from '../../test/support/host-sandbox.ts';
import { finishRepository, prepareRepository, repositoryProblems, type SourceContent } from './prepare-repository.ts';

let sandbox: HostSandbox;
let origin: string;
let work: string;
let place: { workdir: string; scratchRoot: string };
beforeEach(() => {
  sandbox = new HostSandbox();
  origin = join(sandbox.root, 'origin');
  work = join(sandbox.root, 'testbed');
  place = { workdir: work, scratchRoot: join(sandbox.root, 'scratch') };
  mkdirSync(origin);
});
afterEach(async () => {
  expect(existsSync(place.scratchRoot) ? readdirSync(place.scratchRoot) : []).toEqual([]);
  await sandbox.destroy();
});

function git(cwd: string, args: string[], day = 1, input = ''): string {
  const date = `2021-03-${String(day).padStart(2, '0')}T10:00:00Z`;
  const env = {
    PATH: process.env.PATH,
    HOME: sandbox.root,
    GIT_CONFIG_NOSYSTEM: '1',
    ...{ GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com', GIT_AUTHOR_DATE: date },
    ...{ GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com', GIT_COMMITTER_DATE: date },
  };
  return execFileSync('git', args, { cwd, env, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] }).trim();
}

function commit(day: number, name: string, content: string): string {
  writeFileSync(join(origin, name), content);
  git(origin, ['add', '-A'], day);
  git(origin, ['commit', '-q', '-m', `Change ${name} on day ${day}`], day);
  return git(origin, ['rev-parse', 'HEAD']);
}

/** History with a future: later commits, tags, branches, notes, a merge. The base is day 2. */
function originStream(): { stream: Buffer; base: string } {
  git(origin, ['init', '-q', '-b', 'trunk']);
  commit(1, 'a.txt', 'one\n');
  const base = commit(2, 'a.txt', 'two\n');
  git(origin, ['tag', 'base']);
  const future = commit(3, 'a.txt', 'the fix of tomorrow\n');
  git(origin, ['tag', '-a', 'v2', '-m', 'Version 2'], 3);
  git(origin, ['branch', 'side', 'base']);
  git(origin, ['notes', 'add', '-m', 'see the fix', base], 3);
  git(origin, ['update-ref', 'refs/stash', future]);
  const stream = execFileSync('git', ['fast-export', '--all', '--signed-tags=strip'], { cwd: origin, maxBuffer: 1e9 });
  return { stream, base };
}

const allObjects = () => git(work, ['cat-file', '--batch-all-objects', '--batch-check=%(objectname)']).split('\n');
const problems = (base: string) => repositoryProblems(sandbox, base, place);

test('of a stream with a future only the base history is left', async () => {
  const { stream, base } = originStream();
  const made = await prepareRepository(sandbox, { kind: 'stream', data: stream, commit: 'refs/tags/base' }, place);
  expect(made).toBe(base);
  expect(git(work, ['for-each-ref', '--format=%(refname) %(objectname)'])).toBe(`refs/heads/main ${base}`);
  expect(git(work, ['log', '--all', '--reflog', '--format=%s'])).toBe('Change a.txt on day 2\nChange a.txt on day 1');
  expect(allObjects()).toHaveLength(6);
  expect(git(work, ['status', '--porcelain'])).toBe('');
  expect(readFileSync(join(work, 'a.txt'), 'utf8')).toBe('two\n');
  expect(readFileSync(join(work, '.git/info/exclude'), 'utf8')).toContain('__pycache__/');
}, 20_000);

test('marks and branches name commits; a name that is not there says which are', async () => {
  const { stream } = originStream();
  const source = (commit: string): SourceContent => ({ kind: 'stream', data: stream, commit });
  await expect(prepareRepository(sandbox, source('refs/tags/nope'), place)).rejects.toThrow(
    /no commit refs\/tags\/nope; it has: .*refs\/tags\/base/,
  );
  await expect(prepareRepository(sandbox, source(':1'), place)).rejects.toThrow(/no commit :1;/); // a blob
  const mark =
    /^mark (:\d+)\nauthor .*\ncommitter .*\ndata \d+\nChange a.txt on day 1$/m.exec(stream.toString())?.[1] ?? '';
  await prepareRepository(sandbox, source(mark), place);
  expect(git(work, ['log', '--format=%s'])).toBe('Change a.txt on day 1');
});

test('a broken stream fails and says why', async () => {
  const source: SourceContent = {
    kind: 'stream',
    data: Buffer.from('commit refs/heads/x\nnonsense\n'),
    commit: 'refs/heads/x',
  };
  await expect(prepareRepository(sandbox, source, place)).rejects.toMatchObject({
    code: 'environment-build-failed',
    details: { output: expect.stringMatching(/fatal/) },
  });
});

function archive(strip: 0 | 1): SourceContent {
  const folder = join(sandbox.root, 'package');
  mkdirSync(join(folder, 'dist'), { recursive: true });
  mkdirSync(join(folder, '.git'));
  writeFileSync(join(folder, '.git/config'), '[core]\n\tfsmonitor = touch /tmp/pwned\n');
  writeFileSync(join(folder, '.gitignore'), 'dist/\n');
  writeFileSync(join(folder, '.gitattributes'), '* text=auto eol=crlf\n*.bin filter=evil ident\n');
  writeFileSync(join(folder, 'dist/index.js'), 'a\r\nb\n');
  symlinkSync('dist/index.js', join(folder, 'link'));
  const data = execFileSync('tar', [
    '-czf',
    '-',
    ...(strip === 1 ? ['-C', sandbox.root, 'package'] : ['-C', folder, '.']),
  ]);
  return { kind: 'archive', data, format: 'tar', strip, message: 'Base state' };
}

test('an archive becomes one deterministic commit of exact bytes, ignored files included', async () => {
  const base = await prepareRepository(sandbox, archive(1), place);
  expect(git(work, ['ls-files']).split('\n')).toEqual(['.gitattributes', '.gitignore', 'dist/index.js', 'link']);
  expect(git(work, ['show', 'HEAD:dist/index.js'])).toBe('a\r\nb');
  expect(await problems(base)).toEqual([]);
  rmSync(work, { recursive: true });
  rmSync(join(sandbox.root, 'package'), { recursive: true });
  expect(await prepareRepository(sandbox, archive(0), place)).toBe(base);
});

test('what steps changed becomes part of the base commit; what is ignored does not', async () => {
  const { stream, base } = originStream();
  await prepareRepository(sandbox, { kind: 'stream', data: stream, commit: 'refs/tags/base' }, place);
  expect(await finishRepository(sandbox, base, place)).toBe(base);
  writeFileSync(join(work, 'a.txt'), 'two and generated\n');
  writeFileSync(join(work, 'lock.json'), '{}\n');
  mkdirSync(join(work, 'node_modules'));
  writeFileSync(join(work, 'node_modules/x.js'), 'x\n');
  git(work, ['stash', '-u'], 5);
  git(work, ['stash', 'pop'], 5);
  git(work, ['commit', '-q', '-am', 'a step that commits'], 5);
  git(work, ['config', 'core.hooksPath', '/tmp/hooks']);
  expect(await problems(base)).not.toEqual([]);
  const made = await finishRepository(sandbox, base, place);
  expect(made).not.toBe(base);
  expect(await problems(made)).toEqual([]);
  expect(git(work, ['log', '-1', '--format=%an %ct %cn %s'])).toBe(
    git(origin, ['log', '-1', '--format=%an %ct %cn %s', base]),
  );
  expect(git(work, ['log', '--format=%s'])).toBe('Change a.txt on day 2\nChange a.txt on day 1');
  expect(git(work, ['show', '--name-only', '--format=', 'HEAD']).split('\n')).toEqual(['a.txt', 'lock.json']);
  expect(existsSync(join(work, 'node_modules/x.js'))).toBe(true);
});

test('a step that destroyed the repository is an error, not an empty history', async () => {
  const base = await prepareRepository(sandbox, archive(1), place);
  rmSync(join(work, '.git'), { recursive: true });
  await expect(finishRepository(sandbox, base, place)).rejects.toMatchObject({ code: 'environment-build-failed' });
  expect(await problems(base)).toEqual(['.git is not a folder']);
});

const future = () => git(work, ['commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'future'], 9);
const ATTACKS: [name: string, leave: () => void, found: RegExp][] = [
  ['a branch with a future commit', () => git(work, ['branch', 'next', future()]), /another ref: refs\/heads\/next/],
  ['a tag', () => git(work, ['tag', 'fix', 'HEAD']), /another ref: refs\/tags\/fix/],
  [
    'a packed ref',
    () => {
      git(work, ['tag', 'fix', 'HEAD']);
      git(work, ['pack-refs', '--all']);
    },
    /does not belong there: \.git\/packed-refs/,
  ],
  ['a replace ref', () => git(work, ['replace', 'HEAD', future()]), /another ref: refs\/replace/],
  [
    'a stash',
    () => {
      writeFileSync(join(work, 'a.txt'), 'x');
      git(work, ['stash']);
    },
    /refs\/stash/,
  ],
  [
    'a reflog',
    () => {
      git(work, ['reset', '-q', '--hard', future()]);
      git(work, ['reset', '-q', '--hard', 'HEAD~1']);
    },
    /belong there: \.git\/logs/,
  ],
  ['ORIG_HEAD', () => writeFileSync(join(work, '.git/ORIG_HEAD'), 'x'), /belong there: \.git\/ORIG_HEAD/],
  ['FETCH_HEAD', () => writeFileSync(join(work, '.git/FETCH_HEAD'), 'x'), /belong there: \.git\/FETCH_HEAD/],
  [
    'a dangling blob',
    () => git(work, ['hash-object', '-w', '--stdin'], 1, 'the fix'),
    /object not reachable from the base commit: [0-9a-f]{40}/,
  ],
  [
    'a dangling commit in a pack',
    () => {
      git(work, ['branch', 'x', future()]);
      git(work, ['repack', '-adq']);
      git(work, ['branch', '-D', 'x']);
      rmSync(join(work, '.git/logs'), { recursive: true, force: true });
    },
    /object not reachable/,
  ],
  [
    'alternates',
    () => {
      mkdirSync(join(work, '.git/objects/info'), { recursive: true });
      writeFileSync(join(work, '.git/objects/info/alternates'), join(origin, '.git/objects'));
    },
    /belong there: \.git\/objects\/info\/alternates/,
  ],
  [
    'a remote',
    () => git(work, ['remote', 'add', 'origin', 'https://example.com/x']),
    /\.git\/config has other content/,
  ],
  [
    'a hook',
    () => {
      mkdirSync(join(work, '.git/hooks'));
      writeFileSync(join(work, '.git/hooks/post-checkout'), 'x');
    },
    /belong there: \.git\/hooks/,
  ],
  [
    'a submodule store',
    () => {
      mkdirSync(join(work, '.git/modules/x'), { recursive: true });
      writeFileSync(join(work, '.git/modules/x/HEAD'), 'x');
    },
    /belong there: \.git\/modules/,
  ],
  [
    'a linked worktree',
    () => git(work, ['worktree', 'add', '-q', join(sandbox.root, 'wt'), '--detach']),
    /belong there: \.git\/worktrees/,
  ],
  ['a nested repository', () => git(work, ['init', '-q', 'vendor/lib']), /another repository: .*vendor\/lib\/\.git/],
  [
    'a nested repository in node_modules',
    () => git(work, ['init', '-q', 'node_modules/lib']),
    /another repository: .*node_modules\/lib\/\.git/,
  ],
  [
    'a linked .git',
    () => {
      execFileSync('mv', [join(work, '.git'), join(sandbox.root, 'real')]);
      symlinkSync(join(sandbox.root, 'real'), join(work, '.git'));
    },
    /\.git is not a folder/,
  ],
  [
    'a linked object folder',
    () => symlinkSync(join(origin, '.git/objects'), join(work, '.git/objects/aa')),
    /not a regular file: \.git\/objects\/aa/,
  ],
  ['another tip', () => git(work, ['reset', '-q', '--hard', future()]), /HEAD is not/],
  ['a detached HEAD', () => git(work, ['checkout', '-q', '--detach']), /\.git\/HEAD has other content/],
  ['a changed file', () => appendFileSync(join(work, 'a.txt'), 'x'), /work tree differs .*a\.txt/],
  ['an untracked file', () => writeFileSync(join(work, 'new.txt'), 'x'), /work tree differs .*new\.txt/],
  [
    'a staged file',
    () => {
      writeFileSync(join(work, 'new.txt'), 'x');
      git(work, ['add', 'new.txt']);
    },
    /index differs from the base commit: new\.txt/,
  ],
  [
    'a file hidden by skip-worktree',
    () => {
      git(work, ['update-index', '--skip-worktree', 'a.txt']);
      appendFileSync(join(work, 'a.txt'), 'x');
    },
    /hidden by a flag of the index: S a\.txt/,
  ],
  [
    'excludes that hide files',
    () => {
      writeFileSync(join(work, '.git/info/exclude'), '*\n');
      writeFileSync(join(work, 'new.txt'), 'x');
    },
    /info\/exclude has other content/,
  ],
  [
    'a shallow graft',
    () => {
      git(work, ['rev-parse', 'HEAD']);
      writeFileSync(join(work, '.git/shallow'), `${git(work, ['rev-parse', 'HEAD'])}\n`);
    },
    /belong there: \.git\/shallow/,
  ],
];

test.each(ATTACKS)('the check finds %s', async (_name, leave, found) => {
  const { stream, base } = originStream();
  await prepareRepository(sandbox, { kind: 'stream', data: stream, commit: 'refs/tags/base' }, place);
  expect(await problems(base)).toEqual([]);
  leave();
  expect((await problems(base)).join('\n')).toMatch(found);
});

test('the check finds a history that is younger than its tip', async () => {
  git(origin, ['init', '-q', '-b', 'trunk']);
  commit(8, 'a.txt', 'the future\n');
  commit(2, 'a.txt', 'dated back\n');
  const stream = execFileSync('git', ['fast-export', '--all'], { cwd: origin });
  const base = await prepareRepository(sandbox, { kind: 'stream', data: stream, commit: 'refs/heads/trunk' }, place);
  expect((await problems(base)).join('\n')).toMatch(/commit newer than the base commit: [0-9a-f]{40}/);
});

test('the check looks into further folders', async () => {
  const base = await prepareRepository(sandbox, archive(1), place);
  git(sandbox.root, ['init', '-q', 'opt/clone']);
  const found = await repositoryProblems(sandbox, base, place, [
    join(sandbox.root, 'opt'),
    join(sandbox.root, 'missing'),
  ]);
  expect(found).toEqual([`another repository: ${sandbox.root}/opt/clone/.git`]);
});
