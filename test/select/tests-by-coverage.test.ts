/** Test files chosen by what they execute, in real sandboxes of real tasks. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { sandboxLimitsSchema } from '../../src/contracts/index.ts';
import { loadDataset } from '../../src/dataset/load-dataset.ts';
import { createEnvironmentBuilder } from '../../src/environment/environment-builder.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { openBaseRepository } from '../../src/select/tests/base-repository.ts';
import { type ChooseTestsBy, chooseTestFiles } from '../../src/select/tests/choose-test-files.ts';
import { type Testing, withSandbox } from '../../src/select/tests/testing.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-executed-'));
const paths = assayPaths(home);
const backend = createNativeBackend({ paths });
const probe = await backend.probe();
afterAll(async () => {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
});

async function choose(instanceId: string, patches: readonly string[], by: ChooseTestsBy = 'coverage') {
  const { signal } = new AbortController();
  const instance = (await loadDataset('tasks/starter')).instances.find((one) => one.instanceId === instanceId);
  if (instance === undefined) throw new Error(`no task ${instanceId}`);
  const environment = await createEnvironmentBuilder({ backend, paths }).ensure(instance, signal);
  const testing: Testing = { instance, environment, backend, limits: sandboxLimitsSchema.parse({}), signal };
  return await withSandbox(testing, async (sandbox) =>
    chooseTestFiles(testing, await openBaseRepository(sandbox, signal), patches, by),
  );
}

function goldPatch(instanceId: string): string {
  return readFileSync(join(import.meta.dirname, '../../tasks/starter', instanceId, 'gold.patch'), 'utf8');
}

/** A patch that changes one line; what it changes it to does not matter here. */
function changedLine(path: string, line: number): string {
  const head = [`diff --git a/${path} b/${path}`, `--- a/${path}`, `+++ b/${path}`];
  return [...head, `@@ -${line} +${line} @@`, '-old', '+new', ''].join('\n');
}

describeRequiring('sandboxes', probe.available ? undefined : probe.notes.join(' '), 'tests chosen by coverage', () => {
  test('JavaScript: of the tests that load a function, those that run it', async () => {
    const gold = [goldPatch('pennyledger-split-cent')];
    const byImports = await choose('pennyledger-split-cent', gold, 'imports');
    const byCoverage = await choose('pennyledger-split-cent', gold);
    expect(byImports).toEqual({
      files: ['allocate', 'balance', 'journal', 'register', 'cli'].map((name) => `test/${name}.test.js`),
      by: 'imports',
    });
    expect(byCoverage).toEqual({
      files: ['test/allocate.test.js', 'test/journal.test.js'],
      by: 'coverage',
      measured: 6,
      unmeasured: 0,
    });
  });

  test('Python: the tests that run the lines around a change', async () => {
    const { files, by } = await choose('almanac-month-end', [changedLine('almanac/rules.py', 30)]);
    expect(by).toBe('coverage');
    expect(files).toEqual(['tests/test_rules.py', 'tests/test_agenda.py', 'tests/test_cli.py']);
  });

  test('where coverage says nothing, imports decide, and the reason is told', async () => {
    const beyond = await choose('almanac-month-end', [changedLine('almanac/rules.py', 500)]);
    expect(beyond).toMatchObject({ by: 'imports', why: 'no test file executes a line near a change' });
    expect(beyond.files).toHaveLength(5);
    const added =
      'diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+x\n';
    expect(await choose('almanac-month-end', [added])).toMatchObject({
      by: 'imports',
      why: 'no candidate changes a line that was there before',
    });
  });
});
