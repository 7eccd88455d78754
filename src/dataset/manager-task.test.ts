import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadDataset } from './load-dataset.ts';

const cwd = mkdtempSync(join(tmpdir(), 'assay-manager-'));
afterAll(() => rmSync(cwd, { recursive: true }));

const TASK = {
  ...{ id: 'pick', title: '[$500] Slow list', repo: 'r', language: 'javascript', source: { folder: 'repo' } },
  choice: {
    proposals: ['alpha', 'beta', 'gamma'].map((id) => ({ id, file: `${id}.md` })),
    answer: 'beta',
  },
  price: { amount: 500, currency: 'USD', basis: 'estimated' },
};

function write(task: unknown): void {
  const dir = join(cwd, 'set/pick');
  mkdirSync(join(dir, 'repo'), { recursive: true });
  writeFileSync(join(dir, 'repo/a.txt'), 'a');
  writeFileSync(join(dir, 'issue.md'), 'It is slow.\n');
  for (const name of ['alpha', 'beta', 'gamma'])
    writeFileSync(join(dir, `${name}.md`), `Text of ${name.length}${name[0]}.\n`);
  writeFileSync(join(dir, 'task.yaml'), stringify(task));
}

const load = (reference: string) => loadDataset(reference, { cwd });

test('an agent reads issue and proposals, and neither ids nor answer nor price', async () => {
  write(TASK);
  const [instance] = (await load('set')).instances;
  const { problemStatement = '', proposalOrder = [], hiddenFiles } = instance ?? {};
  expect(hiddenFiles).toEqual([]);
  expect([...proposalOrder].sort()).toEqual(['alpha', 'beta', 'gamma']);
  for (const text of ['# Slow list', 'It is slow.', 'Text of 5a.', 'Text of 4b.', 'Text of 5g.'])
    expect(problemStatement).toContain(text);
  expect(problemStatement).not.toMatch(/alpha|beta|gamma|500/);
  const shown = problemStatement.match(/Text of \d[abg]/g)?.map((text) => text.at(-1));
  expect(shown).toEqual(proposalOrder.map((id) => id[0]));
});

test('+prices tells the price, and is another task; another seed is, too', async () => {
  write(TASK);
  const [plain] = (await load('set')).instances;
  const [priced] = (await load('set+prices')).instances;
  expect(priced?.problemStatement).toContain('This task is worth $500.');
  expect(priced?.digest).not.toBe(plain?.digest);
  const digests = [];
  for (const shuffleSeed of [1, 2, 3, 4]) {
    write({ ...TASK, choice: { ...TASK.choice, shuffleSeed } });
    digests.push((await load('set')).instances[0]?.digest);
  }
  expect(new Set(digests).size).toBeGreaterThan(1);
});

test.each([
  [{ grading: { command: 'x', parser: 'tap', failToPass: ['a'] } }, /a task with choice has no tests/],
  [{ choice: { ...TASK.choice, answer: 'delta' } }, /is the id of no proposal/],
  [
    { choice: { ...TASK.choice, proposals: [TASK.choice.proposals[1], TASK.choice.proposals[1]] } },
    /two have the same id/,
  ],
  [{ choice: { ...TASK.choice, proposals: [...TASK.choice.proposals, { id: 'x', file: 'x.md' }] } }, /x\.md/],
  [{ choice: undefined }, /grading: is missing/],
])('%j is refused', async (change, message) => {
  write({ ...TASK, ...change });
  await expect(load('set')).rejects.toThrow(message);
});
