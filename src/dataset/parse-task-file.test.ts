import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseTaskFile } from './parse-task-file.ts';
import { problemText } from './task-problem.ts';

const GOOD = readFileSync(join(import.meta.dirname, '../../test/fixtures/tasks/small/greet-name/task.yaml'), 'utf8');
const messages = (text: string) => parseTaskFile(text, 'task.yaml').problems.map(problemText);

test('a good file gives a task with defaults filled in', () => {
  const { task } = parseTaskFile(GOOD, 'task.yaml');
  expect(task?.gold).toEqual({ patch: 'gold.patch' });
  expect(task?.environment.steps[0]).toMatchObject({ network: false, timeoutSeconds: 900 });
});

test('every problem is listed, each at its line', () => {
  const bad = GOOD.replace('language: javascript', 'language: cobol')
    .replace('difficulty: easy', 'dificulty: easy')
    .replace('tags: [bug]', 'tags: bug')
    .replace("{ name: generate, run: '", "{ name: generate, netwrok: true, run: '");
  const lineOf = (word: string) => bad.split('\n').findIndex((line) => line.includes(word)) + 1;
  const found = messages(bad);
  expect(found).toHaveLength(4);
  expect(found.join('\n')).toContain(`task.yaml:${lineOf('cobol')}:1: language: `);
  expect(found.join('\n')).toContain(`task.yaml:${lineOf('dificulty')}:1: dificulty: unknown key`);
  expect(found.join('\n')).toMatch(new RegExp(`task.yaml:${lineOf('tags: bug')}:1: tags: .*array`));
  expect(found.join('\n')).toContain(`task.yaml:${lineOf('netwrok')}:25: environment.steps[0].netwrok: unknown key`);
});

test('a union answers for the branch that was meant', () => {
  expect(messages(GOOD.replace(', commit: refs/tags/base-name', ''))).toEqual([
    expect.stringMatching(/^task\.yaml:5:\d+: source\.commit: .*expected string/),
  ]);
  expect(messages(GOOD.replace('commit: refs/tags/base-name', 'commit: x, branch: y'))).toEqual([
    expect.stringMatching(/^task\.yaml:5:\d+: source\.branch: unknown key/),
  ]);
  expect(messages(GOOD.replace(/source: .*/, 'source: { npm: 3 }'))[0]).toMatch(/source\.npm: .*expected string/);
});

test('YAML that means less than it seems is refused', () => {
  expect(messages(`${GOOD}id: again\n`)[0]).toMatch(/:\d+:\d+: Map keys must be unique/);
  expect(messages('id: [a')[0]).toMatch(/^task\.yaml:1:\d+: /);
  expect(messages('')).toHaveLength(1);
  expect(messages('- a\n- b\n')[0]).toMatch(/expected object/);
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(10)}]\nc: &c [${'*b,'.repeat(10)}]\nd: [${'*c,'.repeat(10)}]\n`;
  expect(messages(bomb)[0]).toMatch(/alias/);
});

test('rules between the fields', () => {
  expect(messages(GOOD.replace('passToPass: [greets by name]', 'passToPass: [greets without a name]'))[0]).toMatch(
    /grading\.passToPass\[0\]: the test already stands in failToPass/,
  );
  expect(messages(GOOD.replace(/source: .*/, 'source: { npm: semver@^7.0.0 }'))[0]).toMatch(/exact version/);
  expect(messages(GOOD.replace('refs/tags/base-name', '--output=x'))[0]).toMatch(/source\.commit: must be a ref name/);
  expect(messages(GOOD.replace('GREET_MODE', 'GREET MODE'))[0]).toMatch(/is not a name of a variable/);
  const derived = (source: string, gold: string) =>
    messages(GOOD.replace(/source: .*/, `source: { ${source} }\ngold: { ${gold}, include: ['lib/**'] }`));
  expect(derived('npm: ms@1.0.0', 'npm: ms@1.0.1')).toEqual([]);
  expect(derived('pypi: My_Pkg==1.0', 'pypi: my-pkg==1.1')).toEqual([]);
  expect(derived('npm: ms@1.0.0', 'npm: qs@1.0.1')[0]).toMatch(/another version of the same package/);
  expect(derived('npm: ms@1.0.0', 'npm: ms@1.0.0')[0]).toMatch(/same version/);
});
