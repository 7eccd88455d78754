import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importFolder } from '../../import/import-folder.ts';
import { criticEvaluationText } from '../../report/critic-text.ts';
import { loadRunRecord } from '../../store/load-run-record.ts';
import { loadAttempts, usable } from '../data/load-attempts.ts';
import { toExample } from '../embedded/example.ts';
import { DEFAULT_TRAINING } from '../embedded/train-critic.ts';
import { evaluateCritic } from './evaluate-critic.ts';

/** Resolved attempts change one line, the others add nine. */
function attemptFile(resolved: boolean, told: boolean): string {
  const lines = resolved ? '+y = 1\n' : Array.from({ length: 9 }, (_, line) => `+z${line} = ${line}\n`).join('');
  return JSON.stringify({
    write_patch_conversation: [
      { role: 'user', content: '<issue>broken</issue>' },
      { role: 'assistant', content: 'I change it.' },
      ...(told ? [{ role: 'user', content: 'Written an applicable patch, but it did not resolve the issue.' }] : []),
    ],
    extracted_patch: `diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-y = 0\n${lines}`,
    cost: { total_cost: 0.5 },
  });
}

test('stored attempts to an evaluation: the critic finds all of the headroom of an easy world, and runs that leak stay out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assay-evaluate-'));
  try {
    const source = join(folder, 'set');
    await mkdir(source);
    const rows: object[] = [];
    for (let i = 0; i < 48; i++) {
      const [instance, repeat] = [i % 16, 1 + Math.floor(i / 16)];
      // Every instance is resolved by one of its three attempts.
      const resolved = instance % 3 === repeat - 1;
      const row = { instance_id: `o__r${instance % 4}-${instance}`, model: 'm', resolved };
      await writeFile(join(source, `${i}.json`), attemptFile(resolved, false));
      await writeFile(join(source, `${i}.told.json`), attemptFile(resolved, !resolved && instance === 0));
      rows.push(
        { ...row, file: `${i}.json`, run: `plain-${repeat}` },
        { ...row, file: `${i}.told.json`, run: `told-${repeat}` },
      );
    }
    await writeFile(join(source, 'index.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    const { runs } = await importFolder({ folder: source, runsDir: join(folder, 'runs'), assayVersion: '0' });
    const records = await Promise.all(runs.map(({ dir }) => loadRunRecord(dir)));
    const { attempts } = await loadAttempts(records);
    expect(attempts).toHaveLength(96);
    // Two attempts were told, and with them the whole of their run is of no use.
    expect(attempts.filter(({ leaks }) => leaks)).toHaveLength(48);
    const examples = attempts.filter(usable).map(toExample);
    expect(examples).toHaveLength(48);
    const evaluation = await evaluateCritic(records, examples, {
      training: DEFAULT_TRAINING,
      splits: ['repository'],
      ablate: false,
    });
    expect(evaluation.splits[0]?.measures.all).toMatchObject({ attempts: 48, resolved: 16, auc: 1 });
    const repeats = evaluation.selections.find(({ setup }) => setup === 'set-plain');
    expect(repeats?.curves).toMatchObject({ instances: 16, maxK: 3 });
    const last = (selector: string) =>
      repeats?.curves.curves.find((one) => one.selector === selector)?.points.at(-1)?.rate.value;
    expect(last('random')).toBeCloseTo(1 / 3, 10);
    expect(last('critic')).toBe(1);
    expect(last('oracle')).toBe(1);
    const text = criticEvaluationText(evaluation);
    expect(text).toContain('held out by repository, 4 folds');
    expect(text).toContain('set-plain');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
