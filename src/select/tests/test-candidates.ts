/** Runs regression and reproduction tests on the candidates of one instance. Equal patches are run once. */

import { mapLimited } from '../../base/map-limited.ts';
import { type Failure, toFailure } from '../../contracts/index.ts';
import { patchPaths } from '../../dataset/patch-paths.ts';
import type { CandidateTests, TestReport } from '../candidate.ts';
import type { StoredAttempt } from '../stored-attempts.ts';
import { patchVote } from '../votes/patch-vote.ts';
import { type BaseRepository, openBaseRepository } from './base-repository.ts';
import type { ChooseTestsBy } from './choose-test-files.ts';
import { expectedChanges } from './expected-changes.ts';
import { findRegressionTests, type NoTests, type RegressionTests, runRegressionTests } from './regression-tests.ts';
import { findReproductionTest, type ReproductionTest, runReproductionTest } from './reproduction-test.ts';
import { type Adviser, type Testing, withSandbox } from './testing.ts';

export interface TestedInstance {
  instanceId: string;
  regression: RegressionTests | NoTests;
  reproduction: ReproductionTest | NoTests;
  tests: Map<StoredAttempt, CandidateTests>;
  /** By whole files of the base. */
  votes: Map<StoredAttempt, string | null>;
  /** Why the adviser gave no answer; what it was asked about went on without it. */
  unadvised: Failure[];
}

export interface TestCandidatesOptions {
  /** Asked for reproduction tests and for tests that should change; without it there are regression tests only. */
  adviser?: Adviser | undefined;
  /** Reproduction tests to sample. Default 8. */
  samples?: number | undefined;
  /** How regression tests are chosen. Default by imports. */
  chooseBy?: ChooseTestsBy | undefined;
  /** Candidates at a time. */
  jobs: number;
}

/** Throws only for infrastructure (of the untouched repository) and `cancelled`; what a candidate does is in its report. */
export async function testCandidates(
  testing: Testing,
  attempts: readonly StoredAttempt[],
  { adviser, samples = 8, chooseBy = 'imports', jobs }: TestCandidatesOptions,
): Promise<TestedInstance> {
  const unadvised: Failure[] = [];
  /** The adviser's answer, or `otherwise` when it gives none: tests do not depend on a model. */
  const advised = async <T>(otherwise: T, ask: (adviser: Adviser) => Promise<T>): Promise<T> => {
    if (adviser === undefined) return otherwise;
    try {
      return await ask(adviser);
    } catch (error) {
      testing.signal.throwIfAborted();
      const failure = toFailure(error);
      if (failure.class !== 'model' && failure.class !== 'limit') throw error;
      unadvised.push(failure);
      return otherwise;
    }
  };
  const patches = [...new Set(attempts.map((one) => one.patch))].filter((patch) => patch.trim() !== '');
  const { regression, votes } = await withSandbox(testing, async (sandbox) => {
    const repository = await openBaseRepository(sandbox, testing.signal);
    return {
      regression: await findRegressionTests(testing, repository, patches, {
        chooseBy,
        advise: (tests) => advised<readonly string[]>([], (one) => expectedChanges(testing, tests, one)),
      }),
      votes: await exactVotes(repository, patches),
    };
  });
  const reproduction = await advised<ReproductionTest | NoTests>(
    { none: adviser === undefined ? 'no model was asked for one' : 'the model gave no answer' },
    (one) => findReproductionTest(testing, samples, one),
  );
  const results = new Map<string, CandidateTests>();
  await mapLimited(patches, jobs, async (patch) => {
    const broken = await reported(testing, regression, (tests) => runRegressionTests(testing, tests, patch));
    // What cannot even be tested for regressions shows nothing else either.
    const shown =
      broken?.kind === 'missing' && !('none' in reproduction)
        ? broken
        : await reported(testing, reproduction, (test) => runReproductionTest(testing, test, patch));
    results.set(patch, { regression: broken, reproduction: shown });
  });
  const tests = new Map(
    attempts.flatMap((one): [StoredAttempt, CandidateTests][] => {
      const result = results.get(one.patch);
      return result === undefined ? [] : [[one, result]];
    }),
  );
  return {
    instanceId: testing.instance.instanceId,
    regression,
    reproduction,
    tests,
    votes: new Map(attempts.map((one) => [one, votes.get(one.patch) ?? null])),
    unadvised,
  };
}

async function exactVotes(repository: BaseRepository, patches: readonly string[]): Promise<Map<string, string | null>> {
  const texts = new Map<string, string>();
  for (const path of new Set(patches.flatMap(patchPaths))) {
    const file = repository.files.includes(path) ? await repository.read(path) : null;
    if (file !== null) texts.set(path, file.content.toString('utf8'));
  }
  return new Map(patches.map((patch) => [patch, patchVote(patch, (path) => texts.get(path))]));
}

/** Null when there is nothing to run. A failure of the infrastructure is met with a second try; then there is no report. */
async function reported<T extends object>(
  { signal }: Testing,
  found: T | NoTests,
  run: (tests: T) => Promise<TestReport>,
): Promise<TestReport | null> {
  if ('none' in found) return null;
  let failure: Failure | undefined;
  for (let tries = 0; tries < 2; tries++) {
    try {
      return await run(found);
    } catch (error) {
      signal.throwIfAborted();
      failure = toFailure(error);
    }
  }
  return { kind: 'missing', why: `${failure?.code}: ${failure?.message}` };
}
