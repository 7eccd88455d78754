import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { resolveAlias } from './dataset-alias.ts';
import { deriveFields } from './derive-fields.ts';
import { patchedFiles } from './eval-script.ts';
import { hubFiles } from './hub-files.ts';
import { isSwebenchReference, loadInstances, loadSplit } from './load-instances.ts';
import { parseInstance } from './parse-instance.ts';
import { isBefore, testRules } from './test-rules.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-swebench-data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEST_PATCH = `diff --git a/tests/test_a.py b/tests/test_a.py
--- a/tests/test_a.py
+++ b/tests/test_a.py
@@ -1 +1 @@
-x
+y
diff --git a/tests/data.json b/tests/data.json
new file mode 100644
--- /dev/null
+++ b/tests/data.json
@@ -0,0 +1 @@
+1
`;
const row = {
  instance_id: 'pallets__flask-1',
  repo: 'pallets/flask',
  version: '2.3',
  base_commit: 'a'.repeat(40),
  patch: 'diff --git a/x b/x\n',
  test_patch: TEST_PATCH,
  FAIL_TO_PASS: '["tests/test_a.py::test_new", "11304"]',
  PASS_TO_PASS: ['tests/test_a.py::test_old'],
};
const options = { cache: join(folder, 'cache'), env: { HF_HUB_OFFLINE: '1', HOME: folder } };

test('a row without the newer columns gets image, parser, kind and script', () => {
  const instance = parseInstance(row);
  expect(instance).toMatchObject({
    image: 'swebench/sweb.eval.x86_64.pallets_1776_flask-1:latest',
    log_parser: 'parse_log_flask',
    eval_type: 'pass_and_fail',
    FAIL_TO_PASS: ['tests/test_a.py::test_new', '11304'],
    image_assets: { patch: [], test_patch: [] },
  });
  const lines = (instance.eval_script ?? '').split('\n');
  expect(lines.filter((line) => /^(pytest|git checkout|rm -f)/.test(line))).toEqual([
    `git checkout ${'a'.repeat(40)} tests/test_a.py`,
    'rm -f tests/data.json',
    'pytest -rA tests/test_a.py',
    `git checkout ${'a'.repeat(40)} tests/test_a.py`,
    'rm -f tests/data.json',
  ]);
  expect(instance.eval_script).toContain(`git apply -v - <<'EOF_114329324912'\n${TEST_PATCH}\nEOF_114329324912\n`);
});

test('what the row says is kept; a repository without rules gets no script', () => {
  const own = { ...row, image: 'x/y:1', eval_script: 'echo', log_parser: 'p', eval_type: 'fail_only' };
  expect(parseInstance(own)).toMatchObject({
    image: 'x/y:1',
    eval_script: 'echo',
    log_parser: 'p',
    eval_type: 'fail_only',
  });
  const other = parseInstance({ ...row, repo: 'chartjs/Chart.js' });
  expect([other.eval_script, other.log_parser, other.eval_type]).toEqual([undefined, undefined, 'fail_only']);
  expect(() => parseInstance({ ...row, FAIL_TO_PASS: 'not json' })).toThrow(/pallets__flask-1.*FAIL_TO_PASS/);
  expect(() => parseInstance({ repo: 'a/b' })).toThrow(/without instance_id/);
});

test('assets and numbers come in several shapes', () => {
  const assets = JSON.stringify({ problem_statement: ['u'], test_patch: [{ path: 'a.png', url: 'http://h/a' }] });
  const instance = parseInstance({ ...row, version: 5, image_assets: assets });
  expect(instance.version).toBe('5');
  expect(instance.image_assets).toEqual({ patch: [], test_patch: [{ path: 'a.png', url: 'http://h/a' }] });
});

test('django arguments are modules, versions are numbers', () => {
  const django = parseInstance({ ...row, repo: 'django/django', version: '4.1' });
  expect(django.eval_script).toContain('--parallel 1 test_a\n');
  expect(testRules('django/django', '3.2')?.prepare).toHaveLength(4);
  expect(testRules('django/django', '2.2')?.install).toBe('python setup.py install');
  expect([isBefore('1.9', '1.10'), isBefore('1.10', '1.9'), isBefore('2.0', '2.0')]).toEqual([true, false, false]);
  expect(patchedFiles(TEST_PATCH)).toEqual([
    { path: 'tests/test_a.py', isNew: false },
    { path: 'tests/data.json', isNew: true },
  ]);
  expect(patchedFiles('diff --git a/t/old.py b/t/new.py\nrename from t/old.py\nrename to t/new.py\n')).toEqual([
    { path: 't/old.py', isNew: false },
    { path: 't/new.py', isNew: true },
  ]);
});

test('files, folders, aliases and cached sets are found; unknown ids are listed', async () => {
  mkdirSync(join(folder, 'set'), { recursive: true });
  writeFileSync(join(folder, 'set', 'test.jsonl'), `${JSON.stringify(row)}\n\n`);
  writeFileSync(join(folder, 'rows.json'), JSON.stringify([row]));
  for (const reference of [join(folder, 'set'), join(folder, 'rows.json'), join(folder, 'set', 'test.jsonl')]) {
    expect(await isSwebenchReference(reference)).toBe(true);
    expect(await loadInstances(reference, options)).toHaveLength(1);
  }
  expect(await isSwebenchReference(folder)).toBe(false);
  expect([' LITE ', 'princeton-nlp/SWE-bench_Lite', 'swe_bench', 'me/mine'].map(resolveAlias)).toEqual([
    'SWE-bench/SWE-bench_Lite',
    'SWE-bench/SWE-bench_Lite',
    'SWE-bench/SWE-bench',
    'me/mine',
  ]);
  await expect(loadInstances(join(folder, 'set'), { ...options, instanceIds: ['no'] })).rejects.toThrow(
    'Some instance IDs not found in dataset!\nMissing IDs:\nno',
  );
  await expect(loadInstances('verified', options)).rejects.toThrow(/not cached/);
  await expect(loadInstances(join(folder, 'none.json'), options)).rejects.toThrow(/does not exist/);
});

test('rows are chosen from the ids, in the order of the choice; the others are not checked', async () => {
  const ids = ['b__b-2', 'a__a-1', 'c__c-3'];
  const rows = ids.map((instance_id) => ({ ...row, instance_id, ...(instance_id === 'c__c-3' ? { patch: 1 } : {}) }));
  const path = join(folder, 'three.json');
  writeFileSync(path, JSON.stringify(rows));
  const seen: string[][] = [];
  const choose = (all: readonly string[]) => {
    seen.push([...all]);
    return ['a__a-1', 'b__b-2'];
  };
  const chosen = await loadInstances(path, { ...options, choose });
  expect(seen).toEqual([ids]);
  expect(chosen.map((one) => one.instance_id)).toEqual(['a__a-1', 'b__b-2']);
});

test('only rows that are asked for are checked; ids stand once and name folders', async () => {
  const other = { ...row, instance_id: 'pallets__flask-2' };
  const write = (name: string, rows: readonly object[], before = '') => {
    writeFileSync(join(folder, name), before + rows.map((one) => JSON.stringify(one)).join('\n'));
    return join(folder, name);
  };
  const some = write('some.jsonl', [row, { instance_id: 'broken' }, { repo: 'x/y' }, other, other], '\ufeff');
  const asked = await loadSplit(some, { ...options, instanceIds: ['pallets__flask-1'] });
  expect(asked.instances.map((one) => one.instance_id)).toEqual(['pallets__flask-1']);
  expect([...asked.splitIds]).toEqual(['pallets__flask-1', 'broken', 'pallets__flask-2']);
  const load = (ids: string[], wholeSplit = false) => loadSplit(some, { ...options, instanceIds: ids, wholeSplit });
  await expect(load(['broken'])).rejects.toThrow(/^broken is no SWE-bench row: repo: /);
  await expect(load(['pallets__flask-2'])).rejects.toThrow(/pallets__flask-2 is there twice: .*row 4, and .*row 5/);
  await expect(load(['pallets__flask-1'], true)).rejects.toThrow(/twice/);
  await expect(load(['unknown'], true)).rejects.toThrow(/not found/);
  await expect(loadSplit(write('no-id.jsonl', [{ repo: 'x/y' }]), options)).rejects.toThrow(
    /no-id\.jsonl, row 1 is no/,
  );
  for (const instance_id of ['x'.repeat(300), '../up', '..'])
    await expect(loadSplit(write('name.jsonl', [{ ...row, instance_id }]), options)).rejects.toThrow(
      /instance_id: not fit to name a folder/,
    );
});

test('a set of the hub is fetched once, with the token, and then read from disk', async () => {
  const asked: string[] = [];
  const get: typeof fetch = async (url, init) => {
    asked.push(`${String(url)} ${new Headers(init?.headers).get('authorization')}`);
    if (String(url).includes('/api/'))
      return Response.json([
        { type: 'file', path: 'data/test-00000-of-00001.parquet' },
        { type: 'file', path: 'data/dev-00000-of-00001.parquet' },
      ]);
    return new Response('bytes');
  };
  const hub = { cache: join(folder, 'hub'), split: 'test', env: { HF_TOKEN: 't', HOME: folder }, fetch: get };
  const first = await hubFiles('me/mine', hub);
  expect(first).toEqual([join(folder, 'hub', 'me--mine', 'test', 'data--test-00000-of-00001.parquet')]);
  expect(await hubFiles('me/mine', hub)).toEqual(first);
  expect(asked).toEqual([
    'https://huggingface.co/api/datasets/me/mine/tree/main?recursive=1 Bearer t',
    'https://huggingface.co/datasets/me/mine/resolve/main/data/test-00000-of-00001.parquet Bearer t',
  ]);
  const refusing: typeof fetch = async () => new Response('', { status: 401 });
  await expect(hubFiles('me/other', { ...hub, fetch: refusing })).rejects.toThrow(/answers 401/);
});

test('rows of other languages get their commands by pull request', () => {
  const file = (name: string, isNew: boolean) =>
    `diff --git a/${name} b/${name}\n${isNew ? 'new file mode 100644\n--- /dev/null' : `--- a/${name}`}\n+++ b/${name}\n`;
  const row = {
    instance_id: 'jqlang__jq-2919',
    repo: 'jqlang/jq',
    version: '2919',
    base_commit: 'c0ffee',
    patch: '',
    test_patch: `${file('tests/jq.test', false)}${file('tests/new.test', true)}`,
    FAIL_TO_PASS: [],
    PASS_TO_PASS: [],
    image_assets: { test_patch: [], patch: [] },
  };
  const derived = deriveFields(row);
  expect(derived).toMatchObject({
    log_parser: 'parse_log_jq',
    eval_type: 'pass_and_fail',
    image: 'swebench/sweb.eval.x86_64.jqlang_1776_jq-2919:latest',
  });
  const lines = (derived.eval_script ?? '').split('\n');
  const reset = 'git checkout c0ffee tests/jq.test && rm -f tests/new.test';
  expect(lines.filter((line) => line === reset)).toHaveLength(2);
  const start = lines.indexOf(": '>>>>> Start Test Output'");
  expect(lines[start - 1]).toBe('make -j$(nproc)');
  expect(lines[start + 1]).toMatch(/^\(.*\) \| cat$/);
  const unknown = deriveFields({ ...row, version: '1' });
  expect([unknown.log_parser, unknown.eval_script]).toEqual(['parse_log_jq', undefined]);
});
