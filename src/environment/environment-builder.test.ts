import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRequiring } from '../../test/support/requirements.ts';
import { writeSampleTask } from '../../test/support/sample-task.ts';
import { assayPaths } from '../base/paths.ts';
import { loadTaskFolder } from '../dataset/task-folder.ts';
import { exec } from '../sandbox/exec.ts';
import { createNativeBackend } from '../sandbox/native/native-backend.ts';
import { createEnvironmentBuilder } from './environment-builder.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-environment-'));
chmodSync(home, 0o711);
const tasks = join(home, 'tasks');
const paths = assayPaths(join(home, 'store'));
const backend = createNativeBackend({ paths });
const probe = await backend.probe();
const { signal } = new AbortController();

describeRequiring('sandboxes', probe.available ? undefined : probe.notes.join(' '), 'environments', () => {
  let builder: ReturnType<typeof createEnvironmentBuilder>;
  beforeAll(() => {
    builder = createEnvironmentBuilder({ backend, paths });
  });
  afterAll(async () => {
    await backend.close();
    rmSync(home, { recursive: true, force: true });
  });

  const run = async (environment: Awaited<ReturnType<typeof builder.ensure>>, script: string) => {
    const sandbox = await backend.create({
      ...environment,
      limits: { memoryBytes: 2 ** 29, pids: 100, cpus: 2, diskBytes: 2 ** 26, wallSeconds: 60 },
      network: 'none',
    });
    try {
      const result = await exec(sandbox, ['bash', '-c', script], { stderr: 'merge' });
      return result.stdout.toString();
    } finally {
      await sandbox.destroy();
    }
  };

  test('the repository holds its past and nothing of its future, no hidden test and no gold', async () => {
    const instance = await loadTaskFolder(writeSampleTask(tasks, 'past'));
    const environment = await builder.ensure(instance, signal);
    expect(
      await run(
        environment,
        'git log --all --format=%s; git for-each-ref --format="%(refname)"; git status --porcelain; ls',
      ),
    ).toBe('Add sum\nBegin\nrefs/heads/main\nREADME.md\nsrc\n');
    expect(
      await run(
        environment,
        'grep -rs the-future . ; git cat-file --batch-all-objects --batch-check | wc -l; grep -rls "adds negative" / --include="*.mjs" 2>/dev/null',
      ),
    ).toMatch(/^\d+\n$/);
    expect(await run(environment, 'git rev-parse HEAD')).toBe(`${environment.baseCommit}\n`);
  });

  test('setup is shared by tasks, steps are built once, and what they change in tracked files is part of the base', async () => {
    const setup = [{ name: 'tool', run: 'mkdir -p /opt/tool; date +%N > /opt/tool/when' }];
    const steps = [
      { name: 'generate', run: 'echo generated > generated.txt; mkdir -p node_modules; echo dep > node_modules/dep' },
    ];
    const [one, two] = await Promise.all(
      ['one', 'two'].map((id) =>
        loadTaskFolder(writeSampleTask(tasks, id, { environment: { tools: [], setup, steps } })),
      ),
    );
    if (one === undefined || two === undefined) throw new Error('two tasks');
    const [first, second, again] = await Promise.all([
      builder.ensure(one, signal),
      builder.ensure(two, signal),
      createEnvironmentBuilder({ backend, paths }).ensure(one, signal),
    ]);
    const when = 'cat /opt/tool/when; git status --porcelain; git log -1 --format=%s; cat node_modules/dep';
    expect(await run(first, when)).toBe(await run(second, when));
    expect(await run(first, when)).toMatch(/^\d+\nEnvironment\ndep\n$/);
    expect(again.baseCommit).toBe(first.baseCommit);
    expect((await builder.ensure(one, signal)).cached).toBe(true);
    expect(first.layers[0]).toEqual(second.layers[0]);
  });

  test('a step that fails says which, with its last lines and its log; nothing half-built is used', async () => {
    const instance = await loadTaskFolder(
      writeSampleTask(tasks, 'failing', {
        environment: { steps: [{ name: 'breaks', run: 'echo one; echo reason >&2; exit 3' }] },
      }),
    );
    await expect(builder.ensure(instance, signal)).rejects.toMatchObject({
      code: 'environment-build-failed',
      message: expect.stringMatching(/"breaks" ended with 3[\s\S]*one\nreason/),
      hint: expect.stringContaining('.log'),
    });
    await expect(builder.ensure(instance, signal)).rejects.toMatchObject({ code: 'environment-build-failed' });
    expect(readdirSync(paths.environments).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  test('hidden tests or gold in the repository are found', async () => {
    const dir = writeSampleTask(tasks, 'leaky', {
      environment: {
        steps: [
          {
            name: 'leak',
            run: 'mkdir -p test; cp /tmp/none test/ 2>/dev/null || true; sed -i "s/Math.abs(value)/value/" src/sum.mjs',
          },
        ],
      },
    });
    await expect(builder.ensure(await loadTaskFolder(dir), signal)).rejects.toMatchObject({
      code: 'environment-unclean',
      message: expect.stringContaining('gold patch is already applied'),
    });
  });

  test('a missing tool is named before anything is built', async () => {
    const instance = await loadTaskFolder(writeSampleTask(tasks, 'tools', { environment: { tools: ['cobol'] } }));
    await expect(builder.ensure(instance, signal)).rejects.toMatchObject({
      code: 'environment-tool-missing',
      message: expect.stringContaining('cobol'),
    });
  });

  test('a task folder with problems lists them all with their lines', async () => {
    const dir = writeSampleTask(tasks, 'wrong', { language: 'cobol', colour: 'red' });
    writeFileSync(join(dir, 'issue.md'), '');
    await expect(loadTaskFolder(dir)).rejects.toMatchObject({
      code: 'task-invalid',
      message: expect.stringMatching(/task\.yaml:4: language[\s\S]*colour|colour[\s\S]*task\.yaml:4: language/),
    });
    await expect(loadTaskFolder(dir)).rejects.toMatchObject({ message: expect.stringContaining('issue.md: empty') });
  });
});
