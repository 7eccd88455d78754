import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SwebenchInstance } from '../contracts.ts';
import { regradeEarlyLogs } from './regrade-early-logs.ts';
import { regradeRun } from './regrade-run.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'assay-regrade-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const instance = (id: string): SwebenchInstance => ({
  instance_id: id,
  repo: 'o/r',
  version: '1',
  base_commit: 'c',
  patch: '',
  test_patch: '',
  FAIL_TO_PASS: ['t.py::new'],
  PASS_TO_PASS: ['t.py::old'],
  log_parser: 'parse_log_pytest',
  eval_type: 'pass_and_fail',
  image_assets: { test_patch: [], patch: [] },
});
const log = (status: string) =>
  `+ : '>>>>> Start Test Output'\n${status} t.py::new\nPASSED t.py::old\n+ : '>>>>> End Test Output'\n`;

async function saved(model: string, id: string, files: Record<string, string>): Promise<string> {
  const folder = join(root, 'logs/run_evaluation/r', model, id);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}
const regrade = (model?: string) =>
  regradeRun({ instances: ['o__r-1', 'o__r-2'].map(instance), runId: 'r', root, reportDir: root, model, compat: 5 });

test('every model is graded from its logs; what never ran is an error', async () => {
  const one = await saved('a__b', 'o__r-1', { 'patch.diff': 'x', 'test_output.txt': log('PASSED') });
  await saved('a__b', 'o__r-2', { 'patch.diff': 'x', 'run_instance.log': '>>>>> Patch Apply Failed' });
  await saved('c', 'o__r-1', { 'patch.diff': 'x', 'test_output.txt': log('FAILED'), 'report.json': 'damaged' });
  const all = await regrade();
  expect(all.map(({ model, report }) => [model, report.resolved_ids, report.unresolved_ids, report.error_ids])).toEqual(
    [
      ['a__b', ['o__r-1'], [], ['o__r-2']],
      ['c', [], ['o__r-1'], []],
    ],
  );
  expect(JSON.parse(await readFile(join(one, 'report.json'), 'utf8'))).toMatchObject({ 'o__r-1': { resolved: true } });
  expect(JSON.parse(await readFile(join(root, 'c.r.json'), 'utf8'))).toMatchObject({ completed_instances: 1 });
  expect((await regrade('a/b')).map(({ model }) => model)).toEqual(['a__b']);
});

const recordText = (verdict_compat: boolean, verdict_strict: boolean) =>
  JSON.stringify({
    instanceId: 'o__r-1',
    digest: 'd',
    verdict_compat,
    verdict_strict,
    reason: 'they differ',
    restoredFiles: [],
    exitCode: 0,
    testSeconds: 1,
    totalSeconds: 1,
    environment: { digest: 'e', cached: true, buildMs: 0 },
  });

test('a strict refusal stays, whatever the log says, also where the report is gone', async () => {
  const files = { 'patch.diff': 'x', 'test_output.txt': log('PASSED'), 'assay.json': recordText(true, false) };
  const folder = await saved('m', 'o__r-1', { ...files, 'report.json': '{}' });
  expect((await regrade())[0]?.report.resolved_ids).toEqual([]);
  await rm(join(folder, 'report.json'));
  expect((await regrade())[0]?.report.resolved_ids).toEqual([]);
});

test('a strict yes stays where the compatible log says no', async () => {
  const logs = { 'test_output.txt': log('PASSED'), 'test_output.compat.txt': log('FAILED') };
  await saved('m', 'o__r-1', {
    ...logs,
    'patch.diff': 'x',
    'report.json': '{}',
    'assay.json': recordText(false, true),
  });
  expect((await regrade())[0]?.report.resolved_ids).toEqual(['o__r-1']);
});

test('a log that its parser cannot read is an error of that instance alone', async () => {
  const old = await saved('m', 'o__r-2', { 'patch.diff': 'x', 'test_output.txt': log('PASSED'), 'report.json': '{}' });
  await saved('m', 'o__r-1', { 'patch.diff': 'x', 'test_output.txt': log('PASSED') });
  const input = { runId: 'r', root, reportDir: root, compat: 5 as const };
  const [model] = await regradeRun({
    ...input,
    instances: [instance('o__r-1'), { ...instance('o__r-2'), log_parser: 'parse_log_none' }],
  });
  expect(model?.report).toMatchObject({ resolved_ids: ['o__r-1'], error_ids: ['o__r-2'] });
  expect(model?.unreadable).toEqual([{ instanceId: 'o__r-2', reason: 'there is no log parser parse_log_none' }]);
  await expect(readFile(join(old, 'report.json'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a run without logs is an error that names the place', async () => {
  await expect(regrade()).rejects.toMatchObject({ code: 'run-not-found', message: expect.stringContaining(root) });
});

test('logs of harness 1 lie side by side, one report for each model', async () => {
  const early = (status: string) => `>>>>> Applied Patch (pred)\n${status} t.py::new\nPASSED t.py::old\n`;
  await writeFile(join(root, 'o__r-1.gpt-4.1.eval.log'), early('PASSED'));
  await writeFile(join(root, 'o__r-2.gpt-4.1.eval.log'), 'it broke');
  await writeFile(join(root, 'o__r-1.other.eval.log'), early('FAILED'));
  await writeFile(join(root, 'x__y-1.other.eval.log'), early('PASSED'));
  await mkdir(join(root, 'o__r-2.other.eval.log')); // a folder is no log
  const input = { instances: ['o__r-1', 'o__r-2'].map(instance), runId: 'r', reportDir: root, model: undefined };
  const all = await regradeEarlyLogs(root, input);
  expect(all.map(({ model, report }) => [model, report.resolved_ids, report.unresolved_ids, report.error_ids])).toEqual(
    [
      ['gpt-4.1', ['o__r-1'], [], ['o__r-2']],
      ['other', [], ['o__r-1'], []],
    ],
  );
  expect(JSON.parse(await readFile(join(root, 'other.r.json'), 'utf8'))).toMatchObject({ submitted_instances: 1 });
  await expect(regradeEarlyLogs(join(root, 'none'), input)).rejects.toMatchObject({ code: 'run-not-found' });
});
