import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readIssueFolder } from './issue-folder.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'assay-issue-'));
});
afterEach(() => rm(dir, { recursive: true }));

const write = (files: Record<string, string>) =>
  Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(dir, name), text)));

const NEEDED = {
  'commit_id.txt': `${'b'.repeat(40)}\n`,
  'test.py': 'def test_it(): pass\n',
  'issue_data.json': '{"title": "T", "price": "500.0", "html_description": "D"}',
};

test('a folder of today', async () => {
  const more = { 'bug_reintroduce.patch': 'diff', 'revert_command.txt': '\n', 'flow.mitm': '\x01' };
  await write({ ...NEEDED, ...more });
  expect(await readIssueFolder(dir)).toMatchObject({
    commit: 'b'.repeat(40),
    bugPatch: 'diff',
    revertCommand: '',
    gitTag: null,
    userTool: null,
    traffic: Buffer.from([1]),
    data: { title: 'T', price: 500, description: 'D' },
  });
});

test('names of the first release', async () => {
  await write({ ...NEEDED, 'issue_introduction.patch': 'old', 'user_tool.py': 'go()', 'git_tag.txt': '1.4.2\n' });
  expect(await readIssueFolder(dir)).toMatchObject({
    bugPatch: 'old',
    userTool: 'go()',
    gitTag: '1.4.2',
    traffic: null,
  });
});

test.each([
  ['commit_id.txt', 'HEAD', /no commit/],
  ['test.py', '', /no test.py/],
  ['issue_data.json', '{', /no JSON/],
  ['issue_data.json', '{"title": "T"}', /no price/],
  ['issue_data.json', '{"title": "T", "price": "0x10"}', /no price/],
])('%s: %s is refused', async (name, text, message) => {
  await write({ ...NEEDED, [name]: text });
  await expect(readIssueFolder(dir)).rejects.toThrow(message);
});

test('a folder in place of a file is refused by name', async () => {
  await write({ 'test.py': 'x', 'issue_data.json': NEEDED['issue_data.json'] });
  await mkdir(join(dir, 'commit_id.txt'));
  await expect(readIssueFolder(dir)).rejects.toMatchObject({
    code: 'task-invalid',
    message: expect.stringContaining('commit_id.txt cannot be read'),
  });
});
