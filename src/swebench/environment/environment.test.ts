import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { LocalImage } from '../../contracts/index.ts';
import { findPythons } from '../../sandbox/host-pythons.ts';
import type { SwebenchInstance } from '../contracts.ts';
import { repositoryStep } from './environment-scripts.ts';
import { createImageEnvironments } from './image-environments.ts';
import { findRepository } from './local-repository.ts';
import { buildRequirements, indexDate, pythonRecipe, RECIPE_REPOSITORIES } from './python-recipe.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-swebench-environment-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('recipes follow repository and version', () => {
  expect([pythonRecipe('pallets/flask', '2.0')?.python, pythonRecipe('pallets/flask', '2.3')?.python]).toEqual([
    '3.9',
    '3.11',
  ]);
  expect(pythonRecipe('django/django', '3.2')?.python).toBe('3.6');
  expect(pythonRecipe('psf/requests', '2.3')?.packages).toEqual(['pytest']);
  expect(pythonRecipe('some/thing', '1')).toBeUndefined();
  expect(pythonRecipe('constructor', '1')).toBeUndefined();
});

test('docs/swebench.md names every repository with a recipe', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../../docs/swebench.md'), 'utf8');
  expect(RECIPE_REPOSITORIES.length).toBeGreaterThan(10);
  expect(RECIPE_REPOSITORIES.filter((name) => !docs.includes(name))).toEqual([]);
});

test('the state of the index is a month after the commit, not before the interpreter was in use', () => {
  const seconds = Date.parse('2023-06-15T00:00:00Z') / 1000;
  expect([indexDate('3.9', seconds), indexDate('3.11', 0)]).toEqual(['2023-07-15', '2023-05-01']);
});

test('what a build needs is read from every place that may say so', () => {
  const pyproject =
    '[build-system]\nrequires = [\n  "setuptools>=45", # why\n  \'wheel\',\n]\nbuild-backend = "x"\n[tool.x]\nrequires = ["no"]\n';
  expect(buildRequirements(pyproject, '', '')).toEqual(['setuptools>=45', 'wheel']);
  expect(
    buildRequirements('', '[options]\nsetup_requires =\n    setuptools_scm\n    x>=1; y>2\nzip_safe = no\n', ''),
  ).toEqual(['setuptools_scm', 'x>=1', 'y>2']);
  expect(buildRequirements('', '', 'setup(setup_requires=["cython", "%s"])')).toEqual(['cython']);
  expect(buildRequirements('', '', '')).toEqual(['setuptools', 'wheel']);
});

test('steps hold the commit, the date and requirement files that may be missing', () => {
  const recipe = {
    python: '3.9',
    packages: [],
    extras: ['a b'],
    requirements: ['ci/test.txt'],
    without: ['needs-server'],
    prepare: ["sed -i 's/x/y/' z"],
  };
  const input = { interpreter: undefined, indexDate: '2022-01-01', baseCommit: 'c0ffee' };
  const step = repositoryStep(recipe, { ...input, buildRequirements: ["x>=1; a=='b'"] });
  expect(step).toContain("sed -i 's/x/y/' z\n");
  expect(step).toContain('git update-ref refs/heads/main c0ffee\n');
  expect(step).toContain("'x>=1; a=='\\''b'\\'''");
  expect(step).toContain('if [ -f ci/test.txt ]; then');
  expect(step).toContain('|needs-server($|[^[:alnum:]_-]))/d');
  const numeric = { ...recipe, packages: ['pandas'] };
  const listed = (buildRequirements: string[]) =>
    /-r \/tmp\/dependencies\.txt.*/.exec(repositoryStep(numeric, { ...input, buildRequirements }))?.[0];
  expect(listed(['numpy'])).toBe('-r /tmp/dependencies.txt');
  expect(listed(['oldest-supported-numpy'])).toBe('-r /tmp/dependencies.txt pandas');
  expect(step).toMatch(/--exclude-newer 2022-01-01 .*-r ci\/\.assay-requirements\.txt/);
});

test('a local repository gives times, the anchor of a year, tags and packs of what is new', async () => {
  const work = join(folder, 'owner+name');
  mkdirSync(work);
  const git = (date: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], {
      cwd: work,
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
    })
      .toString()
      .trim();
  git('', 'init', '-q', '-b', 'main');
  const commits = ['2021-03-01', '2021-12-01', '2022-02-01', '2022-05-01'].map((day) => {
    writeFileSync(join(work, 'file'), day);
    git('', 'add', 'file');
    git(`${day}T12:00:00Z`, 'commit', '-q', '-m', day);
    git('', 'tag', `v${day}`);
    return git('', 'rev-parse', 'HEAD');
  });
  const [first = '', second = '', third = ''] = commits;
  const repository = await findRepository('owner/name', [join(folder, 'none'), folder]);
  expect(await repository.commitTime(first)).toBe(Date.parse('2021-03-01T12:00:00Z') / 1000);
  expect([await repository.anchor(third), await repository.anchor(first)]).toEqual([second, null]);
  expect(await repository.tags(second)).toEqual([`refs/tags/v2021-03-01 ${first}`, `refs/tags/v2021-12-01 ${second}`]);
  expect([await repository.file(third, 'file'), await repository.file(third, 'none')]).toEqual(['2022-02-01', '']);
  const [all, rest] = [await repository.pack([third], []), await repository.pack([third], [second])];
  expect([all.readUInt32BE(8), rest.readUInt32BE(8)]).toEqual([9, 3]);
  await expect(findRepository('a/b', [folder])).rejects.toThrow(/a\/b is in none of/);
  await expect(findRepository('a/b', [])).rejects.toThrow(/no folder with repositories/);
  await expect(repository.commitTime('0'.repeat(40))).rejects.toThrow(/git log/);
});

test('interpreters are found in homes of version managers', async () => {
  const version = join(folder, 'pyenv', 'versions', '3.9.18', 'bin');
  mkdirSync(version, { recursive: true });
  writeFileSync(join(version, 'python3.9'), '', { mode: 0o755 });
  const found = await findPythons({ PYENV_ROOT: join(folder, 'pyenv'), HOME: folder });
  expect(found.find((one) => one.minor === '3.9')).toMatchObject({
    version: '3.9.18',
    path: join(version, 'python3.9'),
  });
});

test('images are environments by their content', async () => {
  const instance = { instance_id: 'a__a-1', image: 'x/y:1', base_commit: 'c' } as SwebenchInstance;
  const image = { digest: `sha256:${'1'.repeat(64)}`, env: { PATH: '/opt/bin' } } as unknown as LocalImage;
  let pulled: LocalImage | undefined;
  const environments = createImageEnvironments({
    find: async () => pulled,
    pull: async () => {
      pulled = image;
      return image;
    },
    remove: async () => {
      pulled = undefined;
    },
  });
  expect(await environments.digest(instance)).toBeUndefined();
  const environment = await environments.ensure(instance, new AbortController().signal);
  expect(environment).toMatchObject({
    base: { kind: 'image', reference: 'x/y:1' },
    workdir: '/testbed',
    env: { PATH: '/opt/bin', HOME: '/root' },
    cached: false,
  });
  expect(await environments.digest(instance)).toBe(environment.digest);
  const { image: _, ...nameless } = instance;
  await expect(environments.digest(nameless)).rejects.toThrow(/names no image/);
});
