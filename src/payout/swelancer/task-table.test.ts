import { expect, test } from 'vitest';
import { sweLancerTable } from '../../../test/support/swelancer-table.ts';
import type { PricedTask } from '../../contracts/index.ts';
import { priceTotals } from '../price-totals.ts';
import { csvRecords } from './csv-records.ts';
import { KNOWN_SETS, knownSet } from './known-sets.ts';
import { parseTaskTable } from './task-table.ts';

const words = { title: "[$250] It's “broken”, isn't it?", description: 'Steps:\n1. C:\\new "app"\n2. Wait, 3 s é' };
const TASKS: PricedTask[] = [
  { kind: 'ic', id: '101', group: '101', price: 250, categories: [], ...words },
  { kind: 'ic', id: '102_7', group: '102', price: 1000, categories: [], ...words },
  {
    ...{ kind: 'manager', id: '101-manager-0', group: '101', price: 250, categories: [], ...words, answer: '4' },
    proposals: [
      { id: '0', text: "Don't\nhide it" },
      { id: '4', text: 'Fix "it"' },
    ],
  },
];

test.each(['first', 'current'] as const)('the %s layout gives back every task, to the dollar', (layout) => {
  const table = parseTaskTable(sweLancerTable(layout, TASKS));
  expect(table.problems).toEqual([]);
  expect(table.layout).toBe(layout);
  expect(table.tasks).toMatchObject(TASKS);
  expect(table.tasks.map((task) => task.set)).toEqual(Array(3).fill(layout === 'current' ? 'diamond' : null));
  expect(priceTotals(table.tasks)).toEqual({
    byKind: { ic: { tasks: 2, dollars: 1250 }, manager: { tasks: 1, dollars: 250 } },
    all: { tasks: 3, dollars: 1500 },
    countedTwice: { tasks: 1, dollars: 250 },
    once: { tasks: 2, dollars: 1250 },
  });
});

test('a row that an unquoted line end broke in two is one again', () => {
  const whole = sweLancerTable('current', TASKS.slice(0, 1));
  const broken = whole.replace("['101']", "[\n'101']");
  expect(parseTaskTable(broken).problems).toEqual([]);
  expect(parseTaskTable(broken).tasks).toMatchObject([{ cwd: '/app/expensify', acceptableFolders: ['101'] }]);
});

test.each([
  ['101,', 'x101,', 'does not begin with the number'],
  ['ic_swe', 'ic', 'neither ic_swe nor swe_manager'],
  ['250.0', 'much', 'no amount of money'],
  ['250.0', '-250', 'no amount of money'],
  ['250.0', '0x10', 'no amount of money'],
  ['250.0', '1e308', 'no amount of money'],
  ['250.0', '0', 'no amount of money'],
  ['101,', '1/../../..,', 'goes on with more than a name'],
  ["['101']", '[toString]', 'no value'],
  ["['101']", '"[[1], None]"', 'acceptable_folders is no list'],
  ["['101']", '{', 'no value'],
  ['/app/expensify', '/app/expensify,more', '12 fields'],
  ['/app/expensify', '"/app', 'ends inside of a quoted field'],
])('%s as %s is a problem of that row', (good, bad, message) => {
  const lines = sweLancerTable('current', TASKS.slice(0, 2)).split('\r\n');
  const table = parseTaskTable([lines[0], lines[2], (lines[1] ?? '').replace(good, bad)].join('\n'));
  expect(table.tasks.map((task) => task.id)).toEqual(['102_7']);
  expect(table.problems).toMatchObject([{ line: 3, message: expect.stringContaining(message) }]);
});

test('a damaged table costs no more than its length', () => {
  const [head] = sweLancerTable('current', TASKS.slice(0, 1)).split('\r\n');
  const began = process.cpuUsage();
  expect(parseTaskTable(`${head}\n${'x\n'.repeat(40_000)}`).problems).toHaveLength(40_000);
  expect(csvRecords(`${','.repeat(400_000)}\n`)).toMatchObject([{ line: 1 }]);
  // The square of their lengths is ten seconds and five; time of the processor, as others may use the machine.
  expect(process.cpuUsage(began).user / 1e6).toBeLessThan(5);
});

test('a choice that is no proposal, and a question that comes twice', () => {
  const [, , manager] = TASKS;
  if (manager?.kind !== 'manager') throw new Error('the third task is a choice');
  expect(parseTaskTable(sweLancerTable('first', [{ ...manager, answer: '9' }])).problems[0]?.message).toMatch(/chosen/);
  expect(parseTaskTable(sweLancerTable('first', [manager, manager])).problems[0]?.message).toMatch(/twice/);
});

test('planted-bug rows are skipped, other tables refused', () => {
  const text = sweLancerTable('first', TASKS.slice(0, 1)).replace('101,', 'Reintroduce-101,');
  expect(parseTaskTable(text)).toMatchObject({ tasks: [], problems: [] });
  expect(() => parseTaskTable('a,b\n1,2\n')).toThrow(/no column question_id/);
});

test('sets are known by number and dollars, and by nothing less', () => {
  const with198 = (dollars: number) =>
    priceTotals(
      Array.from({ length: 198 }, (_, i) => ({ kind: 'ic', price: i === 0 ? dollars - 197 : 1, group: `${i}` })),
    );
  expect(knownSet('ic', with198(189_300))?.name).toMatch(/offline/);
  expect(knownSet('ic', with198(189_301))).toBeUndefined();
  expect(
    KNOWN_SETS.filter((set) => set.name === 'full benchmark').reduce((sum, set) => sum + set.total.dollars, 0),
  ).toBe(1_000_000);
});
