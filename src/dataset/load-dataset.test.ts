import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkDataset } from './check-dataset.ts';
import { filterInstances, type InstanceFilter } from './filter-instances.ts';
import { loadDataset } from './load-dataset.ts';

import { taskJsonSchema } from './task-json-schema.ts';

const root = join(import.meta.dirname, '../..');
let bundled: string;
let cwd: string;
beforeEach(() => {
  bundled = mkdtempSync(join(tmpdir(), 'assay-bundled-'));
  cwd = mkdtempSync(join(tmpdir(), 'assay-cwd-'));
  cpSync(join(root, 'test/fixtures/tasks/small'), join(bundled, 'tasks/small'), { recursive: true });
});
afterEach(() => {
  for (const folder of [bundled, cwd]) rmSync(folder, { recursive: true, force: true });
});

test('a set by bundled name, by path, and one task alone', async () => {
  const set = await loadDataset('tasks/small', { cwd, bundled });
  expect(set).toMatchObject({ name: 'small', reference: 'tasks/small' });
  expect(set.instances.map((instance) => instance.instanceId)).toEqual(['count-lines', 'greet-name']);
  const byPath = await loadDataset(join(bundled, 'tasks/small'), { cwd: '/', bundled: '/nonexistent' });
  expect(byPath.digest).toBe(set.digest);
  const one = await loadDataset('tasks/small/greet-name', { cwd, bundled });
  expect(one.instances.map((instance) => instance.digest)).toEqual([set.instances[1]?.digest]);
  cpSync(join(bundled, 'tasks/small/count-lines'), join(cwd, 'tasks/small/count-lines'), { recursive: true });
  expect((await loadDataset('tasks/small', { cwd, bundled })).instances).toHaveLength(1);
});

test('unknown names and broken tasks', async () => {
  await expect(loadDataset('tasks/none', { cwd, bundled })).rejects.toMatchObject({ code: 'dataset-not-found' });
  await expect(loadDataset('tasks/small/_repos', { cwd, bundled })).rejects.toMatchObject({
    code: 'dataset-not-found',
  });
  rmSync(join(bundled, 'tasks/small/count-lines/issue.md'));
  rmSync(join(bundled, 'tasks/small/greet-name/task.yaml'));
  await expect(loadDataset('tasks/small', { cwd, bundled })).rejects.toThrow(
    /2 problems in task files:\n.*count-lines\/issue\.md: does not exist\n.*greet-name\/task\.yaml: does not exist$/,
  );
});

test('filters', async () => {
  const set = await loadDataset('tasks/small', { cwd, bundled });
  const pick = (filter: InstanceFilter) => filterInstances(set, filter).instances.map((one) => one.instanceId);
  expect(pick({})).toEqual(['count-lines', 'greet-name']);
  expect(pick({ instances: ['*-name'] })).toEqual(['greet-name']);
  expect(pick({ instances: ['/LINES$/i', 'greet-*'] })).toHaveLength(2);
  expect(pick({ exclude: ['greet-*'] })).toEqual(['count-lines']);
  expect(pick({ tags: ['text', 'other'] })).toEqual(['count-lines']);
  expect(pick({ difficulty: ['easy'] })).toEqual(['greet-name']);
  expect(pick({ language: ['python'] })).toEqual(['count-lines']);
  expect(pick({ slice: '-1:' })).toEqual(['greet-name']);
  expect(pick({ limit: 1 })).toEqual(['count-lines']);
  expect(filterInstances(set, {}).digest).toBe(set.digest);
  expect(filterInstances(set, { limit: 1 }).digest).not.toBe(set.digest);
  expect(() => pick({ slice: ':0' })).toThrow(/No instance of tasks\/small passes the filters/);
  expect(() => pick({ slice: '1' })).toThrow(/not a slice/);
  expect(() => pick({ instances: ['/(/'] })).toThrow(/not a regular expression/);
  expect(() => pick({ instances: ['greet-name', 'nothing'] })).toThrow(/No instance of tasks\/small matches nothing/);
});

test('a shuffle depends on its seed alone', async () => {
  const set = await loadDataset('tasks/small', { cwd, bundled });
  const [first] = set.instances;
  if (first === undefined) throw new Error('the fixture is empty');
  const many = Array.from({ length: 30 }, (_, index) => ({ ...first, instanceId: `task-${index}` }));
  const ordered = (instances: typeof many, seed: number) =>
    filterInstances({ ...set, instances }, { seed }).instances.map((one) => one.instanceId);
  const order = (seed: number) => ordered(many, seed);
  expect(order(1)).toEqual(order(1));
  expect(order(1)).not.toEqual(order(2));
  expect([...order(1)].sort()).toEqual(many.map((one) => one.instanceId).sort());
  const fewer = ordered(many.slice(5), 1);
  expect(fewer).toEqual(order(1).filter((id) => fewer.includes(id)));
});

test('static checks', async () => {
  const set = await loadDataset('tasks/small', { cwd, bundled });
  const parsers = ['node-test', 'unittest'];
  expect((await checkDataset(set, { parsers })).flatMap((one) => [...one.problems, ...one.warnings])).toEqual([]);
  const gold = join(bundled, 'tasks/small/greet-name/gold.patch');
  writeFileSync(gold, readFileSync(gold, 'utf8').replaceAll('src/greet.js', 'test/greet.test.js'));
  const proved: string[] = [];
  const prove = async ({ instanceId }: { instanceId: string }) => {
    proved.push(instanceId);
    return ['the gold patch resolves nothing'];
  };
  const [lines, greet] = await checkDataset(set, { parsers: ['node-test'], prove });
  expect(lines?.problems[0]).toMatch(/there is no parser unittest/);
  expect(greet?.problems).toEqual(['gold.patch: touches test/greet.test.js, which the hidden tests replace']);
  expect(proved).toEqual([]);
  writeFileSync(gold, 'not a patch\n');
  expect((await checkDataset(set, { parsers }))[1]?.problems).toEqual(['gold.patch: is not a git patch']);
  expect((await checkDataset({ ...set, instances: set.instances.slice(0, 1) }, { prove }))[0]?.problems).toHaveLength(
    1,
  );
});

test('the published schema is the current one', () => {
  const text = readFileSync(join(root, 'docs/schema/task.schema.json'), 'utf8');
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(taskJsonSchema())));
});
