/** Small task folders written on the fly: a repository with a past and a future, one bug, a hidden test, a gold patch. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

const GIT_ENV = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.com',
};

export const SUM_TEST = `import { test } from 'node:test';
import assert from 'node:assert';
import { sum } from '../src/sum.mjs';
test('adds negative numbers', () => assert.equal(sum([1, -2]), -1));
test('adds positive numbers', () => assert.equal(sum([1, 2]), 3));
`;
export const BUGGY = 'export const sum = (values) => values.reduce((total, value) => total + Math.abs(value), 0);\n';
export const FIXED = 'export const sum = (values) => values.reduce((total, value) => total + value, 0);\n';

/** Writes `<folder>/<id>/...` and the shared stream; `overrides` is merged into task.yaml. */
export function writeSampleTask(folder: string, id: string, overrides: Record<string, unknown> = {}): string {
  const repo = mkdtempSync(join(tmpdir(), 'assay-sample-'));
  const git = (...args: string[]) => execFileSync('git', args, { cwd: repo, env: GIT_ENV }).toString();
  const commit = (message: string, day: number) => {
    const date = `2024-01-${String(day).padStart(2, '0')}T12:00:00Z`;
    git('add', '-A');
    execFileSync('git', ['commit', '-q', '-m', message], {
      cwd: repo,
      env: { ...GIT_ENV, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
    });
  };
  git('init', '-q', '-b', 'main');
  mkdirSync(join(repo, 'src'));
  writeFileSync(join(repo, 'README.md'), '# sums\n');
  commit('Begin', 1);
  writeFileSync(join(repo, 'src/sum.mjs'), BUGGY);
  commit('Add sum', 2);
  git('tag', 'base');
  writeFileSync(join(repo, 'src/sum.mjs'), FIXED);
  commit('Fix negative numbers: the-future', 3);
  const gold = git('diff', 'base', 'main');
  git('tag', 'v2');
  mkdirSync(join(folder, '_repos'), { recursive: true });
  writeFileSync(join(folder, '_repos/sums.fast-export'), git('fast-export', '--all', '--signed-tags=strip'));
  rmSync(repo, { recursive: true });
  const dir = join(folder, id);
  mkdirSync(join(dir, 'tests/test'), { recursive: true });
  const task = {
    id,
    title: 'Negative numbers',
    repo: 'sums',
    language: 'javascript',
    source: { git: '../_repos/sums.fast-export', commit: 'refs/tags/base' },
    environment: { tools: ['node'] },
    grading: {
      command: 'node --test --test-reporter=tap test/',
      parser: 'node-test',
      failToPass: ['adds negative numbers'],
      passToPass: ['adds positive numbers'],
      timeoutSeconds: 60,
    },
    ...overrides,
  };
  writeFileSync(join(dir, 'task.yaml'), stringify(task));
  writeFileSync(join(dir, 'issue.md'), 'sum([1, -2]) gives 3.\n');
  writeFileSync(join(dir, 'tests/test/sum.test.mjs'), SUM_TEST);
  writeFileSync(join(dir, 'gold.patch'), gold);
  return dir;
}
