import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { criticEvaluationText } from '../../report/critic-text.ts';
import { seededRandom } from '../../stats/seeded-random.ts';
import { type GradedAttempt, usable } from '../data/load-attempts.ts';
import { crossValidate, turnValues } from '../evaluate/cross-validate.ts';
import { evaluateCritic } from '../evaluate/evaluate-critic.ts';
import { foldsOf } from '../evaluate/folds.ts';
import { heldOut } from '../evaluate/held-out.ts';
import { measureByAgent } from '../evaluate/measure.ts';
import { criticFileSchema, readCriticFile } from './critic-file.ts';
import { embeddedCritic } from './embedded-critic.ts';
import { toExample } from './example.ts';
import { tdTargets } from './td-targets.ts';
import { DEFAULT_TRAINING, trainCritic } from './train-critic.ts';
import { trainedCriticFile } from './trained-critic-file.ts';

/** Attempts in a made-up world: the more an attempt hedges and the larger its patch, the less likely it is to resolve. */
function world(count: number, seed: number): GradedAttempt[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const skill = random.uniform();
    const text = Array.from({ length: 12 }, () =>
      random.uniform() < skill ? 'The code reads well here.' : 'Perhaps it might be so.',
    ).join(' ');
    const added = Array.from({ length: 1 + Math.floor(12 * (1 - skill)) }, (_, line) => `+x${line} = ${line}`).join(
      '\n',
    );
    const messages = Array.from({ length: 3 }, () => [
      {
        role: 'assistant' as const,
        content: [
          { type: 'text' as const, text },
          { type: 'tool-call' as const, id: 'c', name: 'bash', input: { command: 'ls' } },
        ],
      },
      {
        role: 'tool' as const,
        results: [{ callId: 'c', name: 'bash', content: [{ type: 'text' as const, text: 'a.py' }], isError: false }],
      },
    ]).flat();
    return {
      trajectory: {
        runId: 'r',
        instanceId: `o__r${i % 4}-${i % 40}`,
        attempt: 1 + Math.floor(i / 40),
        repo: `o/r${i % 4}`,
        system: '',
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Mend it.' }] }, ...messages],
        patch: `diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,1 +1,1 @@\n-y\n${added}\n`,
        outcome: { status: 'done', steps: 3 },
        totals: null,
      },
      resolved: random.uniform() < skill,
      agent: i % 2 === 0 ? 'a' : 'b',
      patchKnown: true,
      leaks: false,
    };
  });
}

test('targets fall by gamma from the end of a resolved attempt; a failed one has zeros', () => {
  expect(tdTargets(3, true, 0.5)).toEqual([0.25, 0.5, 1]);
  expect(tdTargets(2, false)).toEqual([0, 0]);
  expect(tdTargets(0, true)).toEqual([]);
});

test('a critic learns a made-up world, is calibrated on unseen repositories, and its file scores the same', async () => {
  const attempts = world(300, 3);
  const examples = attempts.map(toExample);
  const validation = crossValidate(examples, DEFAULT_TRAINING, 'repository');
  expect(validation.folds).toBe(4);
  const { all, agents } = validation.measures;
  // Knowing the skill itself gives 5/6.
  expect(all.auc).toBeGreaterThan(0.74);
  expect(all.auc).toBeLessThan(0.9);
  expect(all.ece).toBeLessThan(0.1);
  expect(Object.keys(agents)).toEqual(['a', 'b']);
  const heads = trainCritic(examples, DEFAULT_TRAINING);
  const loaded = { attempts, ungraded: 0 };
  const file = trainedCriticFile({ heads, examples, loaded, runs: [], options: DEFAULT_TRAINING, assayVersion: '0' });
  expect(file.card.heldOut).toMatchObject({ split: 'instance', attempts: 300 });
  expect(embeddedCritic(file).trainedOn).toMatchObject({ runs: [], repositories: ['o/r0', 'o/r1', 'o/r2', 'o/r3'] });
  expect(embeddedCritic(file).trainedOn?.instances).toHaveLength(file.card.instances);
  const folder = await mkdtemp(join(tmpdir(), 'assay-critic-'));
  try {
    const path = join(folder, 'critic.json');
    await writeFile(path, JSON.stringify(file));
    const [before, after] = [embeddedCritic(file), embeddedCritic(await readCriticFile(path))];
    const { signal } = new AbortController();
    for (const { trajectory } of attempts.slice(0, 20)) {
      const score = await before.score(trajectory, { signal });
      expect(await after.score(trajectory, { signal })).toEqual(score);
      expect(score.perTurn).toHaveLength(3);
      for (const value of [...score.perTurn, score.final]) expect(value > 0 && value < 1).toBe(true);
    }
    const [first] = attempts;
    if (first === undefined) throw new Error('no attempt');
    const empty = await after.score({ ...first.trajectory, messages: [], patch: '', outcome: null }, { signal });
    expect(Number.isFinite(empty.final)).toBe(true);
    await writeFile(path, JSON.stringify({ ...file, featureVersion: 0 }));
    await expect(readCriticFile(path)).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(readCriticFile(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'file-not-found' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);

test('what cannot be held out is in no figure: one instance has no held-out measure, one repository no evaluation by it', async () => {
  const attempts = world(40, 6);
  const options = { ...DEFAULT_TRAINING, perTurn: false };
  const one = attempts.map((attempt) => ({
    ...attempt,
    trajectory: { ...attempt.trajectory, repo: 'o/r0', instanceId: 'o__r0-1' },
  }));
  const examples = one.map(toExample);
  const heads = trainCritic(examples, options);
  const loaded = { attempts: one, ungraded: 0 };
  const file = trainedCriticFile({ heads, examples, loaded, runs: [], options, assayVersion: '0' });
  expect(file.card.heldOut).toBeNull();
  expect(criticFileSchema.parse(JSON.parse(JSON.stringify(file))).card.heldOut).toBeNull();
  const evaluate = (splits: ('repository' | 'instance')[], some = examples) =>
    evaluateCritic([], some, { training: options, splits, ablate: false });
  await expect(evaluate(['repository', 'instance'])).rejects.toMatchObject({ code: 'usage' });
  const sameRepository = attempts.map((attempt) =>
    toExample({ ...attempt, trajectory: { ...attempt.trajectory, repo: 'o/r0' } }),
  );
  const evaluation = await evaluate(['repository', 'instance'], sameRepository);
  expect(evaluation.splits.map(({ split }) => split)).toEqual(['instance']);
  expect(evaluation.leftOut).toEqual(['repository']);
  const text = criticEvaluationText(evaluation);
  expect(text).toContain('not held out by repository: all attempts are of one repository');
  expect(text).not.toContain('held out by repository,');
}, 60_000);

test('a score that nothing could be held out for is null, and the others keep their places', () => {
  const attempts = world(12, 7);
  const repos = ['o/a', 'o/b'];
  const two = attempts.map((attempt, i) => ({
    ...attempt,
    trajectory: { ...attempt.trajectory, repo: repos[i % 2] ?? '' },
  }));
  const seen = heldOut(
    two.map((attempt) => ({ attempt })),
    'repository',
    2,
    (rest) =>
      ({ attempt }) =>
        `${attempt.trajectory.repo} by ${rest[0]?.attempt.trajectory.repo}`,
  );
  expect(seen).toEqual(two.map(({ trajectory: { repo } }) => (repo === 'o/a' ? 'o/a by o/b' : 'o/b by o/a')));
  const none = heldOut([{ attempt: two[0] as GradedAttempt }], 'repository', 1, () => () => 1);
  expect(none).toEqual([null]);
  expect(measureByAgent(two, [0.9, ...two.slice(1).map(() => null)]).all.attempts).toBe(1);
});

test('values per turn tell the outcome too, and attempts that leak or lack their patch are no use', () => {
  const attempts = world(120, 4);
  const values = turnValues(attempts.map(toExample), DEFAULT_TRAINING, 'instance');
  expect(values.map(({ share }) => share)).toEqual([0.25, 0.5, 0.75, 1]);
  for (const { measures } of values) expect(measures.auc).toBeGreaterThan(0.65);
  const [first] = attempts;
  if (first === undefined) throw new Error('no attempt');
  expect([first, { ...first, leaks: true }, { ...first, patchKnown: false }].map(usable)).toEqual([true, false, false]);
}, 60_000);

test('folds keep repositories and instances whole, over all agents', () => {
  const attempts = world(300, 5);
  for (const by of ['repository', 'instance'] as const) {
    const folds = foldsOf(attempts, by, 4);
    const seen = new Map<string, number>();
    attempts.forEach(({ trajectory }, i) => {
      const key = by === 'repository' ? trajectory.repo : trajectory.instanceId;
      expect(seen.get(key) ?? folds[i]).toBe(folds[i]);
      seen.set(key, folds[i] ?? -1);
    });
    expect(new Set(folds).size).toBe(4);
  }
});
