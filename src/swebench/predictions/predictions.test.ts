import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { SwebenchInstance } from '../contracts.ts';
import { loadPredictions } from './load-predictions.ts';
import { selectWork } from './select-work.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-predictions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const instances = ['a__a-1', 'b__b-2', 'c__c-3'].map(
  (instance_id) => ({ instance_id, patch: `gold of ${instance_id}` }) as SwebenchInstance,
);
const one = (instance_id: string, model_patch: unknown) => ({ instance_id, model_patch, model_name_or_path: 'm' });
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const ids = (items: readonly { instance: { instance_id: string } }[]) => items.map((item) => item.instance.instance_id);

test('lines, arrays, objects and gold say the same; the last of two counts', async () => {
  const rows = [one('a__a-1', 'old'), one('b__b-2', null), one('a__a-1', 'new')];
  const paths = [
    write('p.jsonl', `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`),
    write('p.json', JSON.stringify(rows)),
    write('o.json', JSON.stringify(Object.fromEntries(rows.map((row, index) => [`k${index}`, row])))),
  ];
  for (const path of paths) {
    const predictions = await loadPredictions(path, instances);
    expect([...predictions.values()].map((entry) => [entry.instance_id, entry.model_patch])).toEqual([
      ['a__a-1', 'new'],
      ['b__b-2', null],
    ]);
  }
  const gold = await loadPredictions('gold', instances);
  expect(gold.get('c__c-3')).toEqual({ ...one('c__c-3', 'gold of c__c-3'), model_name_or_path: 'gold' });
});

test('what cannot be read is refused with the place', async () => {
  await expect(loadPredictions(write('p.txt', ''), instances)).rejects.toThrow(/\.json or a \.jsonl/);
  await expect(loadPredictions(write('b.jsonl', '{}\n\n{}\n'), instances)).rejects.toThrow(/b\.jsonl:2/);
  await expect(loadPredictions(write('n.json', '[{"instance_id":"x"}]'), instances)).rejects.toThrow(/no model_patch/);
  await expect(loadPredictions(write('i.json', '[{"model_patch":""}]'), instances)).rejects.toThrow(/no instance_id/);
});

test('a byte order mark is passed over; keys of an object are ids where the entries have none', async () => {
  const entry = JSON.stringify(one('a__a-1', 'x'));
  const byKey = JSON.stringify({ 'b__b-2': { model_patch: 'y' } });
  expect([...(await loadPredictions(write('m.jsonl', `\ufeff${entry}\n`), instances)).keys()]).toEqual(['a__a-1']);
  expect([...(await loadPredictions(write('k.json', byKey), instances)).keys()]).toEqual(['b__b-2']);
  await expect(loadPredictions(write('s.json', entry), instances)).rejects.toThrow(/a single entry where a list/);
  await expect(loadPredictions(write('d.jsonl', '{"instance_id":7}'), instances)).rejects.toThrow(
    /prediction 1 has 7 as instance_id, which is no text/,
  );
});

test('order of checks: missing is a warning, unknown an error, then asked, finished, empty', async () => {
  const predictions = new Map([
    ['a__a-1', { ...one('a__a-1', 'x'), model_patch: 'x' }],
    ['b__b-2', { ...one('b__b-2', ''), model_patch: '' }],
  ]);
  const all = await selectWork({ instances, predictions, instanceIds: [] }, async () => false);
  expect([ids(all.work), ids(all.empty), all.messages]).toEqual([['a__a-1'], ['b__b-2'], ['Running 1 instances...']]);
  const asked = await selectWork({ instances, predictions, instanceIds: ['c__c-3', 'a__a-1'] }, async () => true);
  expect([ids(asked.work), ids(asked.finished), asked.messages]).toEqual([
    [],
    ['a__a-1'],
    ['Missing predictions for 1 instance IDs.', '1 instances already run, skipping...', 'No instances to run.'],
  ]);
  predictions.set('z__z-9', { ...one('z__z-9', 'x'), model_patch: 'x' });
  await expect(selectWork({ instances, predictions, instanceIds: ['a__a-1'] }, async () => false)).rejects.toThrow(
    'Some prediction IDs not found in dataset!\nMissing IDs:\nz__z-9',
  );
  const splitIds = new Set(['a__a-1', 'b__b-2', 'z__z-9']);
  const some = await selectWork({ instances, splitIds, predictions, instanceIds: ['a__a-1'] }, async () => false);
  expect(ids(some.work)).toEqual(['a__a-1']);
  const blank = new Map([['a__a-1', { ...one('a__a-1', ' '), model_patch: ' \n' }]]);
  expect(ids((await selectWork({ instances, predictions: blank, instanceIds: [] }, async () => false)).work)).toEqual([
    'a__a-1',
  ]);
});
