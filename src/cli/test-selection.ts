/** Runs tests on the candidates of stored runs: datasets, environments, sandboxes and the adviser put together. */
import { counted } from '../base/counted.ts';
import { AssayError, type Model, type RunRecord, toFailure } from '../contracts/index.ts';
import { loadDataset } from '../dataset/load-dataset.ts';
import { isImported } from '../import/import-folder.ts';
import { sandboxLimitsFor } from '../run/attempt-sandbox.ts';
import type { StoredInstance } from '../select/stored-attempts.ts';
import type { ChooseTestsBy } from '../select/tests/choose-test-files.ts';
import type { RegressionTests } from '../select/tests/regression-tests.ts';
import { type TestedInstance, testCandidates } from '../select/tests/test-candidates.ts';
import { openEngine, openRunModel } from './compose.ts';
import { withImage } from './sandbox-flags.ts';

export interface TestSelectionOptions {
  /** Model that is asked for reproduction tests; none without it. */
  adviser: string | undefined;
  samples: number;
  chooseBy: ChooseTestsBy;
  jobs: number;
  tier: string | undefined;
  signal: AbortSignal;
  say: (line: string) => void;
}

/**
 * Tests what there is to choose between: instances with at least two different patches. An instance whose environment cannot be built is left without tests and said so. Throws what
 * stops all of them: no sandboxes, no key, a dataset that has changed or runs that have none, `cancelled`.
 */
export async function testSelection(
  runs: readonly RunRecord[],
  instances: readonly StoredInstance[],
  options: TestSelectionOptions,
): Promise<TestedInstance[]> {
  const [first] = runs;
  if (first === undefined) return [];
  demandTasks(runs);
  demandFolders(runs);
  const { signal, say, jobs, samples, chooseBy } = options;
  const { sandbox = { backend: 'native' } } = first.manifest;
  const dataset = withImage(await loadDataset(first.manifest.dataset.reference), sandbox.image);
  const tasks = new Map(dataset.instances.map((one) => [one.instanceId, one]));
  checkDigests(first, new Map(dataset.instances.map((one) => [one.instanceId, one.digest])));
  const engine = await openEngine({ sandbox: sandbox.backend, tier: options.tier });
  let model: Model | undefined;
  const tested: TestedInstance[] = [];
  try {
    if (options.adviser !== undefined) model = await openRunModel({ model: options.adviser }, first.dir);
    for (const { instanceId, attempts } of instances) {
      const instance = tasks.get(instanceId);
      const choices = new Set(attempts.map((one) => one.patch.trim()).filter((patch) => patch !== ''));
      if (instance === undefined || choices.size < 2) continue;
      try {
        const environment = await engine.environments.ensure(instance, signal);
        const limits = sandboxLimitsFor(first.manifest.sandboxLimits, instance);
        const adviser =
          model === undefined ? undefined : { model, callKey: `${first.manifest.runId}/select/${instanceId}` };
        const testing = { instance, environment, backend: engine.backend, limits, signal };
        tested.push(await testCandidates(testing, attempts, { adviser, samples, chooseBy, jobs }));
        say(`${instanceId}: ${testedWords(tested.at(-1))}`);
      } catch (error) {
        signal.throwIfAborted();
        const { code, message } = toFailure(error);
        say(`${instanceId}: chosen without tests: ${code}: ${message}`);
      }
    }
    return tested;
  } finally {
    await model?.close();
    await engine.close();
  }
}

/** Tests are chosen by the command of the task; rows have a script with the hidden tests in it. */
function demandFolders(runs: readonly RunRecord[]): void {
  const table = runs.find(({ manifest }) => manifest.dataset.table !== undefined);
  if (table === undefined) return;
  throw new AssayError(
    'usage',
    `${table.manifest.runId} is a run of a SWE-bench set: no tests are run to choose there`,
    {
      class: 'input',
      retryable: false,
      hint: 'Choose by votes or by a critic (--by).',
    },
  );
}

function demandTasks(runs: readonly RunRecord[]): void {
  const imported = runs.find(({ manifest }) => isImported(manifest));
  if (imported === undefined) return;
  const { runId } = imported.manifest;
  throw new AssayError(
    'usage',
    `${runId} was imported from another tool: its tasks are not here, so nothing can be tested`,
    {
      class: 'input',
      retryable: false,
      hint: 'Select without --tests: by votes, or by a critic (--by).',
    },
  );
}

function checkDigests({ manifest }: RunRecord, digests: ReadonlyMap<string, string>): void {
  const changed = manifest.dataset.instances.filter((one) => digests.get(one.instanceId) !== one.digest);
  if (changed.length === 0) return;
  throw new AssayError(
    'config-invalid',
    `tasks have changed since the run: ${changed.map((one) => one.instanceId).join(', ')}`,
    {
      class: 'input',
      retryable: false,
      hint: `Put ${manifest.dataset.reference} back as it was, or select without --tests.`,
    },
  );
}

function chosenWords({ by, measured, unmeasured, why }: RegressionTests['chosen']): string {
  if (by === 'imports') return why === undefined ? 'chosen by imports' : `chosen by imports: ${why}`;
  return `chosen by coverage of ${counted(measured ?? 0, 'file')}${unmeasured === 0 ? '' : `, ${unmeasured} not measured`}`;
}

function testedWords(tested: TestedInstance | undefined): string {
  if (tested === undefined) return 'nothing';
  const { regression, reproduction } = tested;
  const first =
    'none' in regression
      ? `no regression tests: ${regression.none}`
      : `${counted(regression.tests.length, 'regression test')} in ${counted(regression.files.length, 'file')}, ${chosenWords(regression.chosen)}`;
  const second =
    'none' in reproduction
      ? `no reproduction test: ${reproduction.none}`
      : `a reproduction test (${reproduction.valid} of ${reproduction.sampled} scripts show the bug)`;
  return [first, second, ...tested.unadvised.map((failure) => `no advice: ${failure.code}: ${failure.message}`)].join(
    '; ',
  );
}
