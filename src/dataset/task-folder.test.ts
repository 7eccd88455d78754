import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadTaskFolder, readTaskFolder } from './task-folder.ts';

let set: string;
let dir: string;
beforeEach(() => {
  set = mkdtempSync(join(tmpdir(), 'assay-set-'));
  cpSync(join(import.meta.dirname, '../../test/fixtures/tasks/small'), set, { recursive: true });
  dir = join(set, 'greet-name');
});
afterEach(() => rmSync(set, { recursive: true, force: true }));

const problems = async () =>
  (await readTaskFolder(dir)).problems.map((one) => `${one.file.slice(dir.length + 1)}: ${one.message}`);
const edit = (name: string, from: string, to: string) =>
  writeFileSync(join(dir, name), readFileSync(join(dir, name), 'utf8').replace(from, to));

test('loads issue, hidden tests and images', async () => {
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0]);
  writeFileSync(join(dir, 'shot.png'), png);
  edit('task.yaml', 'tags:', 'images: [shot.png]\ntags:');
  chmodSync(join(dir, 'tests/test/greet.test.js'), 0o775);
  const instance = await loadTaskFolder(dir);
  expect(instance.instanceId).toBe('greet-name');
  expect(instance.problemStatement).toContain('Hello undefined');
  expect(instance.hiddenFiles.map(({ path, mode }) => [path, mode])).toEqual([['test/greet.test.js', 0o755]]);
  expect(instance.images).toEqual([{ name: 'shot.png', mediaType: 'image/png', data: png }]);
});

test('the digest follows what decides, and nothing else', async () => {
  const before = (await loadTaskFolder(dir)).digest;
  edit('task.yaml', 'tags: [bug]', 'tags: [bug, more]');
  edit('task.yaml', 'title: Greeting', 'title: The greeting');
  expect((await loadTaskFolder(dir)).digest).toBe(before);
  const changes: [string, string, string][] = [
    ['issue.md', 'should', 'must'],
    ['gold.patch', 'trimmed', 'cut'],
    ['tests/test/greet.test.js', 'Ada', 'Bob'],
    ['task.yaml', 'GREET_MODE: test', 'GREET_MODE: live'],
    ['task.yaml', 'refs/tags/base-name', 'refs/heads/main'],
    ['../_repos/greet.fast-export', 'Greet by name', 'Greet by Name'],
  ];
  const digests = new Set([before]);
  for (const [name, from, to] of changes) {
    edit(name, from, to);
    digests.add((await loadTaskFolder(dir)).digest);
  }
  expect(digests.size).toBe(changes.length + 1);
});

test('links and paths that leave the task are refused', async () => {
  symlinkSync('/etc/passwd', join(dir, 'tests/passwd'));
  symlinkSync('/etc', join(dir, 'tests/etc'));
  symlinkSync('nowhere', join(dir, 'tests/dangling'));
  symlinkSync('test/greet.test.js', join(dir, 'tests/alias.js'));
  mkdirSync(join(dir, 'tests/.git'));
  edit('task.yaml', 'tags:', 'images: [../count-lines/issue.md]\ntags:');
  rmSync(join(dir, 'gold.patch'));
  symlinkSync('../count-lines/gold.patch', join(dir, 'gold.patch'));
  expect((await problems()).sort()).toEqual([
    '/issue.md: leads outside of the task folder', // of the other task
    'gold.patch: leads outside of the task folder',
    expect.stringMatching(/^tests\/\.git: a repository inside/),
    'tests/dangling: is a link to nothing',
    'tests/etc: leads outside of the task folder',
    'tests/passwd: leads outside of the task folder',
  ]);
});

test('a repository may be shared inside the set, and not outside of it', async () => {
  edit('task.yaml', '../_repos/greet.fast-export', '../../greet.fast-export');
  expect((await problems())[0]).toMatch(/source: .* does not exist/);
  rmSync(join(set, '_repos/greet.fast-export'));
  symlinkSync('/etc/hostname', join(set, '_repos/greet.fast-export'));
  edit('task.yaml', '../../greet.fast-export', '../_repos/greet.fast-export');
  expect((await problems())[0]).toMatch(/source: .* lies outside of the task set/);
});

test('what is missing or broken is all listed at once', async () => {
  rmSync(join(dir, 'tests'), { recursive: true });
  writeFileSync(join(dir, 'issue.md'), Buffer.from([0xff, 0xfe]));
  rmSync(join(dir, 'gold.patch'));
  edit('task.yaml', 'id: greet-name', 'id: other');
  expect(await problems()).toEqual([
    'issue.md: is not valid UTF-8',
    'tests: is not a folder',
    'task.yaml: id: is other, but the folder is called greet-name',
    'gold.patch: does not exist',
  ]);
  await expect(loadTaskFolder(dir)).rejects.toMatchObject({ code: 'task-invalid' });
});
