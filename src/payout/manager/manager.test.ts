import { expect, test } from 'vitest';
import { type ManagerTask, type TaskInstance, taskFileSchema } from '../../contracts/index.ts';
import { choiceBaselines } from './baselines.ts';
import { blindTitle } from './blind-text.ts';
import { goldChoicePatch } from './choice-patch.ts';
import { gradeChoiceAttempt } from './grade-choice-attempt.ts';
import { gradeChoices } from './grade-choices.ts';
import { managerPrompt } from './manager-prompt.ts';
import { proposalOrder } from './proposal-order.ts';
import { readChoice } from './read-choice.ts';

const task = (id: string, price: number, answer: string, texts: readonly string[]): ManagerTask => ({
  ...{ kind: 'manager', id, title: `[HOLD for payment 2023-06-01] [$${price}] Crash`, group: id, categories: [] },
  description: 'It crashes.\n<details><summary>Upwork Automation - Do Not Edit</summary>Price: 9</details>',
  proposals: texts.map((text, index) => ({ id: String(index), text })),
  ...{ price, answer },
});
const TASKS = [task('a', 1000, '0', ['one', 'three', 'two']), task('b', 500, '3', ['aaaa', 'b', 'c', 'd'])];

test('baselines: the worked example of the docs', () => {
  expect(choiceBaselines(TASKS)).toEqual([
    { name: 'random', right: 1 / 3 + 1 / 4, earned: 1000 / 3 + 125 },
    { name: 'first', right: 1, earned: 1000 },
    { name: 'longest', right: 0, earned: 0 },
    { name: 'last', right: 1, earned: 500 },
  ]);
});

test('the order depends on task and seed alone, and every place is equally likely', () => {
  const proposals = TASKS[1]?.proposals ?? [];
  expect(proposalOrder('b', proposals, 7)).toEqual(proposalOrder('b', proposals, 7));
  const places = [0, 0, 0, 0];
  for (let seed = 0; seed < 4000; seed++) {
    const at = proposalOrder('b', proposals, seed).findIndex((one) => one.id === '3');
    places[at] = (places[at] ?? 0) + 1;
  }
  for (const count of places) expect(Math.abs(count - 1000)).toBeLessThan(140); // five standard deviations
});

test('only the documented answer counts', () => {
  expect(readChoice(' {"proposal": 2}\n', 2)).toEqual({ number: 2 });
  for (const text of [
    '{"choice": 2}',
    '{"proposal": "2"}',
    '{"proposal": 2, "why": ""}',
    '{"proposal": 1, "proposal": 2}',
    '2',
    '',
    '[2]',
    '{"proposal": 0}',
    '{"proposal": 1.5}',
    '{"proposal": 3}',
    `{"proposal": 1}${' '.repeat(2000)}`,
  ])
    expect(readChoice(text, 2).problem, text).toBeTypeOf('string');
});

test('answers earn what the historical choice is worth', () => {
  const numberOf = (one: ManagerTask, id: string) =>
    `{"proposal": ${proposalOrder(one.id, one.proposals, 3).findIndex((proposal) => proposal.id === id) + 1}}`;
  const [a, b] = TASKS as [ManagerTask, ManagerTask];
  const graded = gradeChoices(
    TASKS,
    new Map([
      ['a', numberOf(a, '0')],
      ['b', numberOf(b, '1')],
    ]),
    3,
  );
  expect(graded).toMatchObject({ right: 1, earned: 1000, possible: 1500 });
  expect(graded.choices.map((choice) => choice.outcome)).toEqual(['right', 'wrong']);
  expect(gradeChoices(TASKS, new Map([['a', '{"x": 1}']])).choices.map((choice) => choice.outcome)).toEqual([
    'invalid',
    'missing',
  ]);
});

test('the price is shown only when asked for', () => {
  const [first] = TASKS as [ManagerTask];
  const blind = managerPrompt(first, first.proposals);
  expect(blind).not.toMatch(/\$|HOLD|Price/);
  expect(blind).toContain('## Proposal 3\n\ntwo');
  expect(managerPrompt(first, first.proposals, { revealPrice: true })).toContain('worth $1000');
});

test.each([
  ['[$250 - $500] Crash', 'Crash'],
  ['[$1000 USD] [$ 500] Crash', 'Crash'],
  ['[Payment due] Crash [Due for payment 2023-06-02]', 'Crash'],
  ['Crash ($500)', 'Crash'],
  ['($1,000.00 USD) Crash', 'Crash'],
  ['[HOLD for payment 2023-05-25] [$1000] Asking for $80.60 (of $90) loses [Payment] cents', null],
  [`[${'$1'.repeat(50_000)}`, null],
])('of the title %s stays what the issue is about', (title, left) => {
  expect(blindTitle(title)).toBe(left ?? title.replace('[HOLD for payment 2023-05-25] [$1000] ', ''));
});

const instance: TaskInstance = {
  ...{ instanceId: 'a', dir: '/', problemStatement: '', images: [], hiddenFiles: [], digest: 'd' },
  proposalOrder: ['1', '0', '2'],
  task: taskFileSchema.parse({
    ...{ id: 'a', title: 'Crash', repo: 'r', language: 'javascript', source: { folder: 'repo' } },
    choice: { proposals: ['0', '1', '2'].map((id) => ({ id, file: `${id}.md` })), answer: '0' },
  }),
};
const gold = goldChoicePatch(instance) ?? '';

test('the gold patch is the right answer; other answers, and other changes of the file, are not', () => {
  expect(gradeChoiceAttempt(instance, gold).report).toMatchObject({ verdict: 'resolved', testsSeen: 1 });
  const wrong: [string, RegExp][] = [
    [gold.replace('2', '1'), /Chose proposal 1 \(1\), which is wrong/],
    [gold.replace('"proposal"', '"answer"'), /No answer/],
    [gold + gold, /does not add/],
    [gold.replace('new file mode 100644', 'new file mode 120000'), /does not add/],
    [gold.replace('+{', ' {'), /does not add/],
    [gold.replaceAll('decision.json', 'sub/decision.json'), /does not add/],
    ['diff --git a/x b/x\n', /does not add/],
  ];
  for (const [patch, words] of wrong) {
    const { report, testOutput } = gradeChoiceAttempt(instance, patch);
    expect([report.resolved, report.verdict]).toEqual([false, 'unresolved']);
    expect(testOutput).toMatch(words);
  }
  expect(gradeChoiceAttempt(instance, '').report.verdict).toBe('empty-patch');
});

test('an answer over several lines, without a line end, beside other changes', () => {
  const spread = gold.replace(
    '@@ -0,0 +1 @@\n+{"proposal": 2}\n',
    '@@ -0,0 +1,3 @@\n+{\n+  "proposal": 2\n+}\n\\ No newline at end of file\n',
  );
  expect(
    gradeChoiceAttempt(instance, `diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n${spread}`).report
      .resolved,
  ).toBe(true);
});
