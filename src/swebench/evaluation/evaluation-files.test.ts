import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { SwebenchInstance } from '../contracts.ts';
import { type EvaluationRecord, instanceFolder, runFolder } from './instance-folder.ts';
import { openInstanceLog } from './instance-log.ts';
import { openKnownDurations } from './known-durations.ts';

const root = mkdtempSync(join(tmpdir(), 'assay-evaluation-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const record: EvaluationRecord = {
  instanceId: 'a__a-1',
  digest: 'sha256:1',
  verdict_compat: true,
  verdict_strict: null,
  reason: null,
  restoredFiles: [],
  exitCode: 0,
  testSeconds: 1,
  totalSeconds: 2,
  environment: { digest: 'sha256:2', cached: true, buildMs: 0 },
};

test('a folder is finished once its report is there, and begins empty', async () => {
  const folder = instanceFolder(runFolder(root, 'r'), 'org/model', 'a__a-1');
  expect(folder.path).toBe(join(root, 'logs/run_evaluation/r/org__model/a__a-1'));
  expect(await folder.record()).toBeNull();
  await folder.begin();
  await folder.write('patch.diff', 'x');
  expect(await folder.record()).toBeNull();
  await folder.finish('{}', record);
  expect(await folder.record()).toEqual(record);
  writeFileSync(folder.file('report.json'), '');
  expect(await folder.record()).toBeNull();
  await folder.begin();
  expect(readdirSync(folder.path)).toEqual([]);
});

test('names that lead out of the run are refused before anything is emptied', () => {
  for (const [model, id] of [
    ['..', 'a__a-1'],
    ['m', '../../victim'],
    ['m', '..'],
    ['', 'a__a-1'],
  ] as const)
    expect(() => instanceFolder('/tmp/run', model, id)).toThrow(expect.objectContaining({ code: 'config-invalid' }));
  expect(instanceFolder('/tmp/run', 'org/m..x', 'a__a-1').path).toBe('/tmp/run/org__m..x/a__a-1');
});

test('log lines keep their order and form', async () => {
  const log = openInstanceLog(join(root, 'run.log'));
  for (let index = 0; index < 50; index++) log.info(`line ${index}`);
  log.error('last');
  await log.flush();
  const lines = readFileSync(join(root, 'run.log'), 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - /, ''))).toEqual([
    ...Array.from({ length: 50 }, (_, index) => `INFO - line ${index}`),
    'ERROR - last',
  ]);
  const broken = openInstanceLog(join(root, 'none', 'run.log'));
  broken.info('x');
  await expect(broken.flush()).rejects.toThrow(/ENOENT/);
});

test('durations are remembered; without one the number of tests counts', async () => {
  const instance = (instance_id: string, tests: number) =>
    ({ instance_id, FAIL_TO_PASS: [], PASS_TO_PASS: Array(tests).fill('t') }) as unknown as SwebenchInstance;
  const first = await openKnownDurations(join(root, 'durations.json'));
  expect([first.expected(instance('a', 0)), first.expected(instance('b', 100))]).toEqual([10, 15]);
  first.learn('a', 123.456);
  await first.save();
  expect((await openKnownDurations(join(root, 'durations.json'))).expected(instance('a', 0))).toBe(123.5);
});
