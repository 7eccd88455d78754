import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { manifestOf } from '../../../test/support/run-fixtures.ts';
import type { ModelMessage } from '../../contracts/index.ts';
import type { GradedAttempt } from '../data/load-attempts.ts';
import { guardLeakage } from './leakage-guard.ts';
import { balanced, ormRow } from './orm-row.ts';
import { tdRow, withByteTokens } from './td-row.ts';
import { writeRows } from './write-rows.ts';

const user = (text: string): ModelMessage => ({ role: 'user', content: [{ type: 'text', text }] });
const says = (text: string): ModelMessage => ({ role: 'assistant', content: [{ type: 'text', text }] });
const calls = (text: string, input: unknown): ModelMessage => ({
  role: 'assistant',
  content: [
    { type: 'text', text },
    { type: 'tool-call', id: '1', name: 'bash', input },
  ],
});
const shows = (text: string): ModelMessage => ({
  role: 'tool',
  results: [{ callId: '1', name: 'bash', content: [{ type: 'text', text }], isError: false }],
});

function graded(
  messages: ModelMessage[],
  resolved: boolean,
  more: { system?: string; repo?: string; instanceId?: string; leaks?: boolean; patchKnown?: boolean } = {},
): GradedAttempt {
  return {
    trajectory: {
      runId: 'run',
      instanceId: more.instanceId ?? 'o__r-1',
      attempt: 1,
      repo: more.repo ?? 'o/r',
      system: more.system ?? 'S',
      messages,
      patch: '',
      outcome: null,
      totals: null,
    },
    resolved,
    agent: 'a/m',
    patchKnown: more.patchKnown ?? true,
    leaks: more.leaks ?? false,
  };
}

/** Five attempts with the text, the ends and the targets as they were worked out by hand. */
const FIXTURES: { name: string; attempt: GradedAttempt; text: string; labels: number[] }[] = [
  {
    name: 'one turn, resolved',
    attempt: graded([user('Q'), says('A')], true),
    text: '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA@',
    labels: [1],
  },
  {
    name: 'three turns with calls, resolved: 0.99^2, 0.99, 1',
    attempt: graded(
      [
        user('Q'),
        calls('look', { command: 'ls' }),
        shows('a.py'),
        calls('', { command: 'x', n: 1 }),
        shows('ok'),
        says('done'),
      ],
      true,
    ),
    text:
      '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n' +
      '<|im_start|>assistant\nlook\n\n<function=bash>\n<parameter=command>ls</parameter>\n</function>@\n' +
      '<|im_start|>user\nEXECUTION RESULT of [bash]:\na.py<|im_end|>\n' +
      '<|im_start|>assistant\n<function=bash>\n<parameter=command>x</parameter>\n<parameter=n>1</parameter>\n</function>@\n' +
      '<|im_start|>user\nEXECUTION RESULT of [bash]:\nok<|im_end|>\n<|im_start|>assistant\ndone@',
    labels: [0.9801, 0.99, 1],
  },
  {
    name: 'two turns, unresolved: zeros',
    attempt: graded([user('Q'), says('A'), user('Go on.'), says('B')], false),
    text:
      '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA@\n' +
      '<|im_start|>user\nGo on.<|im_end|>\n<|im_start|>assistant\nB@',
    labels: [0, 0],
  },
  {
    name: 'no system message: the default of the template; users in a row are one message',
    attempt: graded([user('Q'), user('R'), says('A'), shows('late')], true, { system: '' }),
    text:
      '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' +
      '<|im_start|>user\nQ\n\nR<|im_end|>\n<|im_start|>assistant\nA@\n<|im_start|>user\nEXECUTION RESULT of [bash]:\nlate<|im_end|>',
    labels: [1],
  },
  {
    name: 'characters of two and four bytes, input that is no object',
    attempt: graded([user('é'), calls('🙂', 'raw\nlines'), shows('ß'), says('ü')], true),
    text:
      '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\né<|im_end|>\n' +
      '<|im_start|>assistant\n🙂\n\n<function=bash>\n<parameter=input>\nraw\nlines\n</parameter>\n</function>@\n' +
      '<|im_start|>user\nEXECUTION RESULT of [bash]:\nß<|im_end|>\n<|im_start|>assistant\nü@',
    labels: [0.99, 1],
  },
];

test.each(FIXTURES)('$name', ({ attempt, text, labels }) => {
  const row = withByteTokens(tdRow(attempt, 0.99));
  // In the expectation @ stands for the end of an assistant turn.
  expect(row.text).toBe(`${text.replaceAll('@', '<|im_end|>')}\n`);
  const ends: number[] = [];
  let points = 0;
  for (const character of text) {
    if (character === '@') ends.push(points);
    points += character === '@' ? '<|im_end|>'.length : 1;
  }
  expect(row.turn_ends).toEqual(ends);
  row.labels.forEach((label, turn) => {
    expect(label).toBeCloseTo(labels[turn] ?? Number.NaN, 12);
  });
  expect(row.labels).toHaveLength(labels.length);
  // Tokens: the marks are one each, all else is bytes, and the loss counts exactly at the ends of the assistant's turns.
  const spelled = row.input_ids.flatMap((id) =>
    id === 256 ? [...Buffer.from('<|im_start|>')] : id === 257 ? [...Buffer.from('<|im_end|>')] : [id],
  );
  expect(Buffer.from(spelled).toString('utf8')).toBe(row.text);
  const masked = row.loss_mask.flatMap((mask, at) => (mask === 1 ? [at] : []));
  expect(masked.map((at) => row.input_ids[at])).toEqual(labels.map(() => 257));
  expect(masked.map((at) => row.token_labels[at])).toEqual(row.labels);
  expect(row.loss_mask.reduce((sum, mask) => sum + mask, 0)).toBe(labels.length);
});

test('rows for verifiers are balanced, the same for the same seed, and hold the answer', () => {
  const attempts = Array.from({ length: 20 }, (_, i) => graded([user(`Q${i}`), says('A')], i % 5 === 0));
  const chosen = balanced(attempts, 3);
  expect(chosen.filter(({ resolved }) => resolved)).toHaveLength(4);
  expect(chosen).toHaveLength(8);
  expect(balanced(attempts, 3)).toEqual(chosen);
  const [yes] = chosen.filter(({ resolved }) => resolved).map(ormRow);
  expect(yes?.messages.at(-1)).toEqual({ role: 'assistant', content: '<judgement>YES</judgement>' });
  expect(yes?.messages[1]?.content).toContain('turn 3 - assistant\nA');
});

test('the guard keeps repositories of the evaluation set, leaking attempts and those without a known patch out', () => {
  const attempts = [
    graded([says('A')], true),
    graded([says('A')], true, { repo: 'other/one', instanceId: 'other__one-1' }),
    graded([says('A')], true, { repo: 'other/one', instanceId: 'other__one-2', leaks: true }),
    graded([says('A')], true, { repo: 'other/one', instanceId: 'other__one-3', patchKnown: false }),
  ];
  const base = manifestOf('eval', []);
  const evaluation = {
    ...base,
    dataset: { ...base.dataset, instances: [{ instanceId: 'o__r-9', digest: '', repo: 'o/r' }] },
  };
  const byRepository = guardLeakage(attempts, [evaluation], 'repository');
  expect(byRepository).toMatchObject({ overlapping: 1 });
  expect(byRepository.kept).toEqual([attempts[1]]);
  expect(guardLeakage(attempts, [evaluation], 'instance').kept).toHaveLength(2);
});

test('JSON lines and Parquet hold the same rows', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assay-critic-rows-'));
  try {
    const rows = FIXTURES.map(({ attempt }) => withByteTokens(tdRow(attempt, 0.99)));
    await writeRows(join(folder, 'td.jsonl'), rows, 'jsonl');
    await writeRows(join(folder, 'td.parquet'), rows, 'parquet');
    const lines = (await readFile(join(folder, 'td.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(rows);
    expect(await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, 'td.parquet')) })).toEqual(rows);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
