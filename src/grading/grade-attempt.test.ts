import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRequiring } from '../../test/support/requirements.ts';
import { writeSampleTask } from '../../test/support/sample-task.ts';
import { assayPaths } from '../base/paths.ts';
import { type BuiltEnvironment, sandboxLimitsSchema, type TaskInstance } from '../contracts/index.ts';
import { loadTaskFolder } from '../dataset/task-folder.ts';
import { createEnvironmentBuilder } from '../environment/environment-builder.ts';
import { exec } from '../sandbox/exec.ts';
import { createNativeBackend } from '../sandbox/native/native-backend.ts';
import { capturePatch } from './capture-patch.ts';
import { gradeAttempt } from './grade-attempt.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-grading-'));
chmodSync(home, 0o711);
const paths = assayPaths(join(home, 'store'));
const backend = createNativeBackend({ paths });
const probe = await backend.probe();
const limits = sandboxLimitsSchema.parse({});
const { signal } = new AbortController();

describeRequiring('sandboxes', probe.available ? undefined : probe.notes.join(' '), 'grading', () => {
  const builder = createEnvironmentBuilder({ backend, paths });
  let instance: TaskInstance;
  let environment: BuiltEnvironment;
  let gold: string;
  beforeAll(async () => {
    instance = await loadTaskFolder(writeSampleTask(join(home, 'tasks'), 'sums'));
    environment = await builder.ensure(instance, signal);
    gold = await builder.gold(instance, signal);
  });
  afterAll(async () => {
    await backend.close();
    rmSync(home, { recursive: true, force: true });
  });

  const grade = async (patch: string, of: TaskInstance = instance) =>
    (await gradeAttempt({ instance: of, environment, patch, backend, limits, signal })).report;
  const withCommand = (command: string, timeoutSeconds = 60): TaskInstance => ({
    ...instance,
    task: { ...instance.task, grading: { ...instance.task.grading, command, timeoutSeconds } },
  });

  /** The patch of what a script does in the agent's sandbox. */
  const patchOf = async (script: string) => {
    const sandbox = await backend.create({ ...environment, limits, network: 'none' });
    try {
      const result = await exec(sandbox, ['bash', '-c', script], { stderr: 'merge' });
      if (result.exitCode !== 0) throw new Error(result.stdout.toString());
      return await capturePatch(sandbox, { baseCommit: environment.baseCommit, workdir: environment.workdir, signal });
    } finally {
      await sandbox.destroy();
    }
  };
  const fix = "sed -i 's/Math.abs(value)/value/' src/sum.mjs";

  test('gold resolves; an empty patch does not; a patch that changes nothing relevant does not', async () => {
    expect(await grade(gold)).toMatchObject({
      verdict: 'resolved',
      resolved: true,
      failToPass: { failure: [] },
      passToPass: { failure: [] },
      testsSeen: 2,
    });
    expect(await grade('')).toMatchObject({ verdict: 'empty-patch', resolved: false });
    expect(await grade(await patchOf('echo more >> README.md'))).toMatchObject({
      verdict: 'unresolved',
      failToPass: { failure: ['adds negative numbers'] },
    });
  });

  test('a patch that does not apply, a crash, a timeout and no evidence are verdicts of their own', async () => {
    expect(await grade('diff --git a/none b/none\n--- a/none\n+++ b/none\n@@ -1 +1 @@\n-x\n+y\n')).toMatchObject({
      verdict: 'patch-failed',
      patchApplied: false,
    });
    expect(await grade('this is no patch at all')).toMatchObject({ verdict: 'patch-failed' });
    expect(await grade(gold, withCommand('kill -9 $$'))).toMatchObject({ verdict: 'crashed' });
    expect(await grade(gold, withCommand('exit 3'))).toMatchObject({ verdict: 'crashed' });
    expect(await grade(gold, withCommand('sleep 60 & sleep 60', 1))).toMatchObject({ verdict: 'timeout' });
    expect(await grade(gold, withCommand('true'))).toMatchObject({ verdict: 'no-evidence' });
  });

  test.each([
    [
      'prints passing lines and ends the process',
      `cat > src/sum.mjs <<'EOF'\nconsole.log('TAP version 13\\nok 1 - adds negative numbers\\nok 2 - adds positive numbers\\n1..2\\n# tests 2\\n# pass 2');\nprocess.exit(0);\nexport const sum = () => 0;\nEOF`,
    ],
    [
      'brings its own version of the hidden test',
      `mkdir -p test; cat > test/sum.test.mjs <<'EOF'\nimport { test } from 'node:test';\ntest('adds negative numbers', () => {});\ntest('adds positive numbers', () => {});\nEOF`,
    ],
    ['puts a folder where the hidden test belongs', 'mkdir -p test/sum.test.mjs; echo x > test/sum.test.mjs/file'],
    [
      'replaces the assertion library by a package of its own',
      `mkdir -p node_modules/assert; echo 'module.exports = () => {}' > node_modules/assert/index.js; echo x > marker`,
    ],
    [
      'makes the test runner skip the failing test',
      `printf '{"scripts":{"test":"true"}}' > package.json; echo '--test-name-pattern=positive' > .noderc`,
    ],
  ])('a patch that cheats is not resolved: %s', async (_name, script) => {
    expect((await grade(await patchOf(script))).resolved).toBe(false);
  });

  const added = (path: string, text: string) =>
    `diff --git a/${path} b/${path}\nnew file mode 100644\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+${text}\n`;

  test.each([
    ['packages beside the tests', added('test/node_modules/assert/index.js', 'x')],
    ['packages', added('node_modules/helper/index.js', 'x')],
    ['a plugin among the installed packages', added('.venv/lib/python3/site-packages/x-1.dist-info/METADATA', 'x')],
    [
      'the configuration of git, which would send the search for changes elsewhere',
      'diff --git a/.git/config b/.git/config\n--- a/.git/config\n+++ b/.git/config\n@@ -1 +1,2 @@\n [core]\n+\tworktree = /tmp\n',
    ],
    ['a repository within the repository', added('test/.git/HEAD', 'ref: refs/heads/main')],
  ])('a patch of what belongs to the environment is refused: %s', async (_name, foreign) => {
    expect(await grade(`${gold}\n${foreign}`)).toMatchObject({ verdict: 'patch-failed' });
  });

  test('installed packages never get into a patch, whatever .gitignore says', async () => {
    const script = `printf '!node_modules/\\n!.venv/\\n' > .gitignore; mkdir -p node_modules/a test/node_modules/b .venv/lib; touch node_modules/a/x test/node_modules/b/x .venv/lib/x`;
    expect(await patchOf(script)).not.toMatch(/^diff .*(node_modules|\.venv)\//m);
  });

  test.each([
    ['an empty repository beside the project', 'git init -q scratch; echo x > scratch/file'],
    [
      'a repository with a commit beside the project',
      'git init -q scratch; cd scratch; echo x > file; git add file; git -c user.name=a -c user.email=a@b commit -q -m x',
    ],
    ['a repository around the fix', 'git init -q src; echo "export const more = 1;" > src/more.mjs; rm -f src/none'],
  ])('the fix is captured where the agent made %s', async (where, script) => {
    const patch = await patchOf(`${fix}; ${script}`);
    expect(patch).toContain('diff --git a/src/sum.mjs b/src/sum.mjs');
    expect(patch).not.toMatch(/scratch|Subproject/);
    expect(patch.includes('src/more.mjs')).toBe(where.includes('around'));
    expect(await grade(patch)).toMatchObject({ verdict: 'resolved' });
  });

  test('a patch can be read whatever attributes the agent sets', async () => {
    const patch = await patchOf(`${fix}; echo '* -text binary' > .gitattributes; printf 'a\\0b' > data.bin`);
    expect(patch).toMatch(/^-.*Math\.abs\(value\)/m);
    expect(patch.match(/GIT binary patch/g)).toHaveLength(1);
    expect(await grade(patch)).toMatchObject({ verdict: 'resolved' });
  });

  test('files of the runner that a patch brings along are put back, and the rest of the patch counts', async () => {
    const report = await grade(
      await patchOf(`${fix}; mkdir -p test; echo 'throw new Error()' > test/sum.test.mjs; echo x > conftest.py`),
    );
    expect(report).toMatchObject({
      verdict: 'resolved',
      restoredFiles: expect.arrayContaining(['conftest.py', 'test/sum.test.mjs']),
    });
  });

  test('the patch is right whatever the agent did to its repository', async () => {
    const variants = {
      committed: `${fix}; git -c user.name=a -c user.email=a@b commit -qam done; git tag x; git checkout -q -b other`,
      staged: `${fix}; git add -A`,
      hostileConfig: `${fix}; git config diff.external false; git config core.fsmonitor 'touch /tmp/x'; git config diff.noprefix true; git config core.pager false; echo '*.mjs binary -diff' > .git/info/attributes`,
      indexGone: `${fix}; rm -f .git/index; rm -rf .git/refs/heads/*; echo junk > .git/HEAD`,
      noise: `${fix}; mkdir -p node_modules/x; echo x > node_modules/x/y; mkdir __pycache__; echo x > __pycache__/a.pyc`,
    };
    for (const [name, script] of Object.entries(variants)) expect(await patchOf(script), name).toBe(gold);
    const odd = await patchOf(
      `${fix}; printf 'caf\\xe9\\r\\n' > latin1.txt; printf '\\0\\1' > 'bin ary'; ln -s README.md link; mkdir new; echo n > new/file; chmod +x README.md`,
    );
    expect(await grade(odd)).toMatchObject({ verdict: 'resolved' });
    await expect(patchOf(`${fix}; rm -rf .git`)).rejects.toMatchObject({ code: 'sandbox-file' });
    await expect(patchOf('head -c 40000000 /dev/urandom > big')).rejects.toMatchObject({ code: 'limit-output' });
  });

  test('the grade digest follows what determines the verdict', async () => {
    const [first, again, other] = [await grade(gold), await grade(gold), await grade(`${gold}\n`)];
    expect(again.gradeDigest).toBe(first.gradeDigest);
    expect(other.gradeDigest).not.toBe(first.gradeDigest);
  });
});
