/** Thirty candidates for six real tasks: which tests are chosen without the hidden ones, what each candidate does to them, who wins and why. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import {
  AssayError,
  type Model,
  type RunRecord,
  sandboxLimitsSchema,
  type TaskInstance,
} from '../../src/contracts/index.ts';
import { loadDataset } from '../../src/dataset/load-dataset.ts';
import { createEnvironmentBuilder } from '../../src/environment/environment-builder.ts';
import { sandboxFiles } from '../../src/sandbox/files.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { selectOne } from '../../src/select/selection.ts';
import type { StoredAttempt } from '../../src/select/stored-attempts.ts';
import { testCandidates } from '../../src/select/tests/test-candidates.ts';
import { type Testing, withSandbox } from '../../src/select/tests/testing.ts';
import { patchVote } from '../../src/select/votes/patch-vote.ts';
import { describeRequiring } from '../support/requirements.ts';
import { manifestOf, replyOf } from '../support/run-fixtures.ts';
import { candidatePatch, STARTER_CANDIDATES } from '../support/starter-candidates.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-candidates-'));
const paths = assayPaths(home);
const backend = createNativeBackend({ paths });
const probe = await backend.probe();
afterAll(async () => {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
});

/** Answers with the task's scripts in turn, and with `expected` when it is asked for tests that should change. */
function adviserFor(scripts: readonly string[], expected: readonly string[]): Model {
  return {
    id: 'double/adviser',
    contextTokens: null,
    async complete(_request, { callKey }) {
      if (callKey.endsWith('/expected-changes')) return replyOf(expected.join('\n'));
      const number = Number(/reproduction-(\d+)$/.exec(callKey)?.[1]);
      return replyOf(`Here it is:\n\n\`\`\`\n${scripts[(number - 1) % scripts.length]}\`\`\`\n`);
    },
    async close() {},
  };
}

const silentAdviser: Model = {
  ...adviserFor([], []),
  async complete() {
    throw new AssayError('model-timeout', 'no answer', { class: 'model' });
  },
};

function attemptOf(instanceId: string, order: number, patch: string): StoredAttempt {
  const run: RunRecord = {
    manifest: manifestOf('r', [instanceId]),
    status: 'completed',
    attempts: [],
    dir: '/nowhere',
  };
  const record = {
    instanceId,
    attempt: order,
    repo: 'repo',
    state: 'solved-ungraded',
    environmentDigest: null,
    outcome: null,
    totals: null,
    patchDigest: null,
    patchBytes: patch.length,
    report: null,
  } as const;
  return { run, record, order, patch, vote: patchVote(patch) };
}

async function testingOf(instance: TaskInstance): Promise<Testing> {
  const { signal } = new AbortController();
  const environment = await createEnvironmentBuilder({ backend, paths }).ensure(instance, signal);
  return { instance, environment, backend, limits: sandboxLimitsSchema.parse({}), signal };
}

describeRequiring(
  'sandboxes',
  probe.available ? undefined : probe.notes.join(' '),
  'candidates for starter tasks',
  () => {
    const select = async (instanceId: string, expected: readonly string[] | 'silent' = []) => {
      const wanted = STARTER_CANDIDATES[instanceId];
      const found = (await loadDataset('tasks/starter')).instances.find((one) => one.instanceId === instanceId);
      if (wanted === undefined || found === undefined) throw new Error(`no candidates for ${instanceId}`);
      const grading = { ...found.task.grading, timeoutSeconds: 8 };
      const testing = await testingOf({ ...found, task: { ...found.task, grading } });
      const base = await withSandbox(testing, async (sandbox) =>
        (await sandboxFiles(sandbox).read(`${sandbox.spec.workdir}/${wanted.path}`)).toString(),
      );
      const attempts = wanted.kinds.map((kind, at) =>
        attemptOf(instanceId, at + 1, candidatePatch(instanceId, kind, base)),
      );
      const model = expected === 'silent' ? silentAdviser : adviserFor(wanted.scripts, expected);
      const adviser = { model, callKey: `select/${instanceId}` };
      const tested = await testCandidates(testing, attempts, { adviser, samples: 3, jobs: 2 });
      const instance = { instanceId, repo: 'repo', attempts, withoutPatch: 0 };
      const { winner, candidates } = selectOne(instance, tested);
      return { tested, winner: winner?.attempt, reasons: candidates.map((one) => one.reason) };
    };
    const NO_PATCH = 'no test report: the patch does not apply';
    const ENDLESS = 'no test report: the tests did not end in 8 s';
    const EMPTY = 'the patch is empty';
    const NOT_SHOWN = 'does not pass the reproduction test';
    const ONLY = 'chosen: the only one left';

    test('an adviser that gives no answer takes no tests away, and is told', async () => {
      const { regression, reproduction, unadvised } = (await select('almanac-month-end', 'silent')).tested;
      expect(regression).toMatchObject({ expected: [], tests: expect.arrayContaining([expect.any(String)]) });
      expect(reproduction).toEqual({ none: 'the model gave no answer' });
      expect(unadvised.map(({ code }) => code)).toEqual(['model-timeout', 'model-timeout']);
    });

    test('the right one among wrong, breaking, not applying and endless ones', async () => {
      const { winner, reasons, tested } = await select('almanac-month-end');
      expect(winner).toBe(3);
      expect(reasons).toEqual([
        NOT_SHOWN,
        'breaks 2 tests (tests.test_agenda.AgendaTest.test_counts_dates, tests.test_rules.RuleTest.test_ends) that passed before, the best none',
        ONLY,
        NO_PATCH,
        ENDLESS,
      ]);
      // Of three scripts one prints two phrases and one never shows the bug.
      expect(tested.reproduction).toMatchObject({ sampled: 3, valid: 1 });
    });

    test('an empty patch and one that does not apply rank last; tests are those that import what is changed', async () => {
      const { winner, reasons, tested } = await select('pennyledger-garbled-payee');
      expect(winner).toBe(5);
      expect(reasons).toEqual([
        EMPTY,
        NOT_SHOWN,
        NO_PATCH,
        'breaks 1 test (readCsv > reads quoted fields) that passed before, the best none',
        ONLY,
      ]);
      expect(tested.regression).toMatchObject({
        files: ['test/csv.test.js', 'test/bank-import.test.js'],
        command: 'node --test --test-reporter=tap test/csv.test.js test/bank-import.test.js',
      });
    });

    test('the same answer in other words has one vote; a test that should change is no regression', async () => {
      const named = 'tests.test_cli.CliTest.test_prints_hits';
      const { winner, reasons, tested } = await select('shelf-short-pages', [named, 'tests.no_such.Test.at_all']);
      expect(winner).toBe(4);
      expect(reasons).toEqual([
        ENDLESS,
        'breaks 1 test (tests.test_query.SearchTest.test_expands_a_prefix) that passed before, the best none',
        NOT_SHOWN,
        'chosen: 2 of 2 votes',
        'equal to attempt 4, which was earlier',
      ]);
      if ('none' in tested.regression) throw new Error(tested.regression.none);
      expect(tested.regression.expected).toEqual([named]);
      expect(tested.regression.tests).not.toContain(named);
      expect(tested.regression.tests).toContain('tests.test_query.SearchTest.test_ranks_by_weight');
    });

    test('when nobody passes the reproduction test, it decides nothing', async () => {
      const { winner, reasons } = await select('sluice-stale-cache');
      expect(winner).toBe(5);
      expect(reasons).toEqual([
        NO_PATCH,
        EMPTY,
        ENDLESS,
        'breaks 2 tests (AsyncCache > loads a key once, AsyncCache > forgets a value after its time to live) that passed before, the best none',
        ONLY,
      ]);
    });

    test('the fewest broken tests win when all break some; without a valid script there is no reproduction test', async () => {
      const { winner, reasons, tested } = await select('strata-lost-includes');
      expect(winner).toBe(2);
      expect(reasons[0]).toMatch(/^breaks 5 tests \(.*, \.\.\.\) that passed before, the best 2$/);
      expect(reasons.slice(1)).toEqual([ONLY, NO_PATCH, EMPTY, ENDLESS]);
      expect(tested.reproduction).toEqual({ none: 'none of 3 scripts shows the bug on the untouched repository' });
    });

    test('two different wrong answers that break nothing lose to the right one', async () => {
      const { winner, reasons } = await select('termplot-negative-bars');
      expect(winner).toBe(3);
      expect(reasons.slice(0, 4)).toEqual([
        NOT_SHOWN,
        NOT_SHOWN,
        'chosen: 2 of 2 votes',
        'equal to attempt 3, which was earlier',
      ]);
      expect(reasons[4]).toMatch(/^breaks 4 tests \(.*\) that passed before, the best none$/);
    });
  },
);
