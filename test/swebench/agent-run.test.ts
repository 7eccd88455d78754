/** Agents at SWE-bench instances: what lies in their repository, and what their patches are worth. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { type BuiltEnvironment, sandboxLimitsSchema } from '../../src/contracts/index.ts';
import { capturePatch } from '../../src/grading/capture-patch.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { createAgentEnvironments } from '../../src/swebench/agent/agent-environments.ts';
import { gradesRows } from '../../src/swebench/agent/grade-row.ts';
import { swebenchDataset } from '../../src/swebench/agent/swebench-tasks.ts';
import type { SwebenchInstance } from '../../src/swebench/contracts.ts';
import { packageIndexProblem } from '../support/package-index.ts';
import { describeRequiring } from '../support/requirements.ts';
import { ToyRepository, toyEnvironment, toyInstance } from '../support/toy-instance.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-agent-run-'));
chmodSync(home, 0o711);
const paths = assayPaths(join(home, 'store'));
const backend = createNativeBackend({ paths });
const probe = await backend.probe();
const problem = probe.available ? await packageIndexProblem() : probe.notes.join(' ');
const { signal } = new AbortController();
const limits = sandboxLimitsSchema.parse({});

afterAll(async () => {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
});

/** What published images have kept: the fix as a commit of its own, on branches, tags, remotes, in stashes and reflogs. */
const LATER = `set -e
cd /testbed
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.com
git config user.name A; git config user.email a@example.com
git tag -a v1.0 -m 'first'
echo 'the fix' > fix.txt; git add fix.txt; git commit -q -m 'the fix'
git tag v2.0; git branch later; git update-ref refs/remotes/origin/main HEAD
git rev-parse HEAD > /opt/fix
git reset -q --hard v1.0
echo 'built' > built.txt; echo '# changed' >> setup.cfg
echo 'stashed' > stashed.txt; git add stashed.txt; git stash -q
echo 'built' > built.txt; echo '# changed' >> setup.cfg
mkdir -p vendor && git init -q vendor/inner && echo 'inner' > vendor/inner/file.txt
printf 'exit 1\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
`;

describeRequiring('sandboxes', problem, 'agents at SWE-bench instances', () => {
  const repository = new ToyRepository();
  const row: SwebenchInstance = { ...toyInstance(repository), problem_statement: 'add() subtracts\n\nIt should add.' };
  const rows = new Map([[row.instance_id, row]]);
  const [instance] = swebenchDataset('toy', [row]).instances;
  if (instance === undefined) throw new Error('no instance');
  let graded: BuiltEnvironment;
  let current: BuiltEnvironment;
  const environments = { digest: async () => current.digest, ensure: async () => current };
  const agents = createAgentEnvironments({ backend, paths, environments, rows });
  const gradeAttempt = gradesRows({ environments, rows, assetCache: join(home, 'assets') });

  beforeAll(async () => {
    graded = await toyEnvironment(backend, repository);
    current = graded;
  }, 300_000);
  afterAll(() => repository.remove());

  const inSandbox = async (environment: BuiltEnvironment, script: string) => {
    const sandbox = await backend.create({ ...environment, limits, network: 'none' });
    try {
      const result = await exec(sandbox, ['bash', '-c', script], { stderr: 'merge' });
      const patch = await capturePatch(sandbox, { ...environment, signal });
      return { output: result.stdout.toString(), exitCode: result.exitCode, patch };
    } finally {
      await sandbox.destroy();
    }
  };
  const withLater = async (): Promise<BuiltEnvironment> => {
    const sandbox = await backend.create({ ...graded, limits, network: 'none' });
    const result = await exec(sandbox, ['bash', '-c', LATER], { stderr: 'merge' });
    expect(result.stdout.toString()).toBe('');
    return { ...graded, digest: 'sha256:later', layers: [...graded.layers, await sandbox.snapshot()] };
  };

  test('the task of a row says what the issue says', () => {
    expect(instance).toMatchObject({
      instanceId: 'toy__calc-1',
      problemStatement: 'add() subtracts\n\nIt should add.',
      task: { title: 'add() subtracts', repo: 'toy/calc', language: 'python' },
    });
    expect(() => swebenchDataset('toy', [toyInstance(repository)])).toThrow(/no problem_statement/);
  });

  test('a repository that holds nothing later keeps its history, and the agent has the python of the tests', async () => {
    current = graded;
    const environment = await agents.ensure(instance, signal);
    const seen = await inSandbox(environment, 'git log --format=%H; git status --short; command -v python');
    expect(seen.output.split('\n').slice(0, 2)).toEqual([
      row.base_commit,
      expect.stringContaining('/testbed/bin/python'),
    ]);
    expect(environment.baseCommit).toBe(row.base_commit);
    expect(seen.patch).toBe('');
    expect((await agents.ensure(instance, signal)).cached).toBe(true);
  });

  test('what came after the base commit is gone; what the environment left is the base state', async () => {
    current = await withLater();
    const environment = await agents.ensure(instance, signal);
    const { output, patch } = await inSandbox(
      environment,
      `git log --all --topo-order --format=%s; git tag; git status --short; git stash list; git reflog --all; ls .git/hooks 2>/dev/null
       git cat-file -e "$(cat /opt/fix)" && echo 'the fix is there'; git fsck --unreachable --no-reflogs 2>/dev/null
       cat built.txt vendor/inner/file.txt; git ls-files vendor; git rev-parse HEAD^`,
    );
    expect(output.split('\n').filter((line) => !line.startsWith('fatal: Not a valid object name'))).toEqual([
      'State of the environment',
      'Base',
      'v1.0',
      'built',
      'inner',
      'vendor/inner/file.txt',
      row.base_commit,
      '',
    ]);
    expect(output).not.toContain('the fix');
    expect(patch).toBe('');
    // The patch is the agent's work alone, and applies to what grades it.
    const work = await inSandbox(
      environment,
      "sed -i 's/a - b/a + b/' calc/__init__.py; git commit -qam mine; echo x > new.txt",
    );
    expect(work.patch).toContain('+    return a + b');
    expect(work.patch).not.toContain('built');
    const { report } = await gradeAttempt({ instance, environment, patch: work.patch, backend, limits, signal });
    expect(report).toMatchObject({ verdict: 'resolved', patchApplied: true, testsSeen: 2 });
  }, 180_000);

  test('patches are judged by the strict rules', async () => {
    current = graded;
    const environment = await agents.ensure(instance, signal);
    const verdictOf = (patch: string) => gradeAttempt({ instance, environment, patch, backend, limits, signal });
    const gold = await verdictOf(row.patch);
    expect(gold.report).toMatchObject({
      verdict: 'resolved',
      failToPass: { success: ['tests/test_calc.py::test_new'], failure: [] },
      artifacts: ['report.json', 'assay.json', 'run_instance.log'],
    });
    expect(gold.testOutput).toContain('2 passed');
    expect(gold.artifacts?.map(({ name }) => name)).toEqual(gold.report.artifacts);
    const forged = repository.patch({ 'conftest.py': 'print("PASSED tests/test_calc.py::test_new")\n' });
    expect((await verdictOf(forged)).report).toMatchObject({ resolved: false, patchApplied: true });
    expect((await verdictOf('')).report.verdict).toBe('empty-patch');
    expect((await verdictOf('diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-no\n+yes\n')).report.verdict).toBe(
      'patch-failed',
    );
  }, 180_000);
});
