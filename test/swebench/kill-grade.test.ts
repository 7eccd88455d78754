/** kill -9 in the middle of grading, twice: what is finished is never run again, and the report is that of a grade nobody disturbed. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { describeRequiring } from '../support/requirements.ts';
import { bareToyEnvironment, ToyRepository, toyInstance } from '../support/toy-instance.ts';

const COUNT = 50;
const folder = mkdtempSync(join(tmpdir(), 'assay-kill-grade-'));
chmodSync(folder, 0o711);
const backend = createNativeBackend({ paths: assayPaths(join(folder, 'store')) });
const probe = await backend.probe();

afterAll(async () => {
  await backend.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Grades until the end, or until so many have ended; then the process is killed. */
async function grade(
  runId: string,
  killAfter = Number.POSITIVE_INFINITY,
): Promise<{ started: string[]; ended: string[] }> {
  const tsx = createRequire(import.meta.url).resolve('tsx');
  const argv = ['--import', tsx, join(import.meta.dirname, 'grade-child.ts'), folder, runId];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended: string[] = [];
  const started: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, id = ''] = line.split(' ');
    (word === 'start' ? started : ended).push(id);
    if (ended.length >= killAfter) child.kill('SIGKILL');
  }
  return { started, ended };
}

describeRequiring('sandboxes', probe.available ? undefined : probe.notes.join(' '), 'killed grading', () => {
  test('fifty instances, killed twice', async () => {
    const repository = new ToyRepository();
    const gold = toyInstance(repository);
    const instances = Array.from({ length: COUNT }, (_, index) => ({
      ...gold,
      instance_id: `toy__calc-${index}`,
      eval_script: `: '>>>>> Start Test Output'\necho PASSED tests/test_calc.py::test_old\necho ${index % 3 === 0 ? 'FAILED' : 'PASSED'} tests/test_calc.py::test_new\n: '>>>>> End Test Output'\n`,
    }));
    writeFileSync(join(folder, 'instances.json'), JSON.stringify(instances));
    writeFileSync(join(folder, 'environment.json'), JSON.stringify(await bareToyEnvironment(backend, repository)));
    repository.remove();

    const first = await grade('killed', 12);
    const second = await grade('killed', 15);
    const third = await grade('killed');
    const done = [...first.ended, ...second.ended];
    expect(first.ended.length).toBeGreaterThanOrEqual(12);
    expect(new Set(done).size).toBe(done.length);
    expect(second.started.filter((id) => first.ended.includes(id))).toEqual([]);
    expect(third.started.filter((id) => done.includes(id))).toEqual([]);
    expect(new Set([...done, ...third.ended]).size).toBeGreaterThanOrEqual(COUNT - 4); // finished ones whose line the kill swallowed
    await grade('whole');
    const report = (runId: string) => readFileSync(join(folder, `gold.${runId}.json`), 'utf8');
    expect(report('killed')).toBe(report('whole'));
    expect(JSON.parse(report('killed'))).toMatchObject({ completed_instances: COUNT, resolved_instances: 33 });
  }, 300_000);
});
