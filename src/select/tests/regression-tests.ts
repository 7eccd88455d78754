/** Tests that pass on the untouched repository, chosen without the hidden tests. What is kept passed twice. */
import type { HiddenFile, TaskInstance } from '../../contracts/index.ts';
import { type GradeAttemptResult, gradeAttempt } from '../../grading/grade-attempt.ts';
import { NO_CHANGE_PATCH } from '../../grading/no-change-patch.ts';
import { parserByName } from '../../grading/parsers/index.ts';
import type { TestReport } from '../candidate.ts';
import type { BaseRepository } from './base-repository.ts';
import { type ChooseTestsBy, type ChosenTestFiles, chooseTestFiles } from './choose-test-files.ts';
import { commandFor } from './test-files.ts';
import type { Testing } from './testing.ts';

export interface RegressionTests {
  files: string[];
  /** How the files were chosen. */
  chosen: Omit<ChosenTestFiles, 'files'>;
  command: string;
  /** Ids of the tests that are kept. */
  tests: string[];
  /** Ids that a model expects to change, which is no regression. */
  expected: readonly string[];
  /** The task with these tests in place of the hidden ones. */
  instance: TaskInstance;
}

/** Nothing to run, and why. */
export interface NoTests {
  none: string;
}

/** `advise` names those of the tests that state what is to change. Throws only for infrastructure, `cancelled`, and what `advise` throws. */
export async function findRegressionTests(
  testing: Testing,
  repository: BaseRepository,
  patches: readonly string[],
  { chooseBy, advise }: { chooseBy: ChooseTestsBy; advise: (tests: readonly string[]) => Promise<readonly string[]> },
): Promise<RegressionTests | NoTests> {
  const { grading } = testing.instance.task;
  const { files, ...chosen } = await chooseTestFiles(testing, repository, patches, chooseBy);
  const command = commandFor(grading.command, grading.parser, files);
  if (files.length === 0) return { none: 'the repository has no tests' };
  if (command === null) return { none: 'the test command is more than one call of a runner' };
  const contents = (await Promise.all(files.map((path) => repository.read(path)))).flatMap((file) => file ?? []);
  const instance = withTests(testing.instance, command, contents, []);
  const runs = [await runOnBase(testing, instance), await runOnBase(testing, instance)];
  const [first = [], second = []] = runs.map((run) => passingTests(run, grading.parser));
  const kept = first.filter((id) => second.includes(id));
  if (kept.length === 0) return { none: `no test of the repository passes on it: ${runs[0]?.report.verdict}` };
  const expected = await advise(kept);
  const tests = kept.filter((id) => !expected.includes(id));
  return { files, chosen, command, tests, expected, instance: withTests(testing.instance, command, contents, tests) };
}

/** What a candidate did to the test files is undone: they are put in place as they were. */
function withTests(
  instance: TaskInstance,
  command: string,
  hiddenFiles: HiddenFile[],
  passToPass: string[],
): TaskInstance {
  const grading = { ...instance.task.grading, command, failToPass: [], passToPass };
  return { ...instance, hiddenFiles, task: { ...instance.task, grading } };
}

function runOnBase(testing: Testing, instance: TaskInstance): Promise<GradeAttemptResult> {
  return gradeAttempt({ ...testing, instance, patch: NO_CHANGE_PATCH });
}

/** Exactly those with the word for it: what is skipped, or fails as expected, says nothing about a patch. */
function passingTests({ report, testOutput }: GradeAttemptResult, parser: string): string[] {
  if (report.verdict !== 'resolved') return [];
  return [...parserByName(parser).parse(testOutput)].filter(([, status]) => status === 'PASSED').map(([id]) => id);
}

/** Throws only for infrastructure and `cancelled`. */
export async function runRegressionTests(
  testing: Testing,
  { instance }: RegressionTests,
  patch: string,
): Promise<TestReport> {
  const { report } = await gradeAttempt({ ...testing, instance, patch });
  switch (report.verdict) {
    case 'resolved':
    case 'unresolved':
      return { kind: 'report', broken: report.passToPass.failure };
    case 'empty-patch':
      return { kind: 'missing', why: 'the patch is empty' };
    case 'patch-failed':
      return { kind: 'missing', why: 'the patch does not apply' };
    case 'timeout':
      return { kind: 'missing', why: `the tests did not end in ${instance.task.grading.timeoutSeconds} s` };
    case 'no-evidence':
      return { kind: 'missing', why: 'no test ran' };
    default:
      return { kind: 'missing', why: 'the test runner died' };
  }
}
