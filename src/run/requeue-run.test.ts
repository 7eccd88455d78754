import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { manifestOf } from '../../test/support/run-fixtures.ts';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { createRun } from '../store/file-run-store.ts';
import { loadRunRecord } from '../store/load-run-record.ts';
import { requeueRun } from './requeue-run.ts';

let runsDir: string;
beforeAll(async () => {
  runsDir = await mkdtemp(join(tmpdir(), 'assay-requeue-'));
});
afterAll(() => rm(runsDir, { recursive: true }));

it('plans the chosen instances anew, with the prompt and the limits of the other run', async () => {
  const agent = { name: 'double', digest: 'sha256:a', promptFile: 'prompt.md' };
  const fork = { runId: 'earlier', attempt: 1, step: 2 };
  const made = await createRun(runsDir, manifestOf('source', ['a', 'b', 'c'], { attempts: 4, agent, fork }));
  await made.close();
  await writeFileAtomic(join(made.dir, 'prompt.md'), 'Mend it.');
  const source = await loadRunRecord(made.dir);
  const given = {
    runsDir,
    source,
    parameters: { temperature: 1 },
    priceTable: 'now',
    assayVersion: 'test',
    attempts: 2,
  };

  const { dir } = await requeueRun({ ...given, runId: 'again', instanceIds: new Set(['c', 'a']) });
  const { manifest, attempts } = await loadRunRecord(dir);
  expect(attempts.map((one) => [one.instanceId, one.attempt, one.state])).toEqual(
    [1, 2].flatMap((attempt) => ['a', 'c'].map((id) => [id, attempt, 'pending'])),
  );
  expect(manifest).toMatchObject({
    runId: 'again',
    requeue: { runId: 'source' },
    limits: source.manifest.limits,
    model: { id: 'double/model', parameters: { temperature: 1 } },
  });
  expect(manifest.fork).toBeUndefined();
  expect(await readFile(join(dir, 'prompt.md'), 'utf8')).toBe('Mend it.');

  await expect(requeueRun({ ...given, runId: 'none', instanceIds: new Set(['z']) })).rejects.toMatchObject({
    code: 'instance-not-found',
  });
});
