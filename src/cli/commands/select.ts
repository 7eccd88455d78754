import { resolve } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { AssayError, type RunRecord } from '../../contracts/index.ts';
import { selectionSvg } from '../../report/selection-svg.ts';
import { curvesText, winnersText } from '../../report/selection-text.ts';
import { type Scores, scoreAttempts } from '../../select/score-attempts.ts';
import { curveInstances, deciderOf, type Evidence, type InstanceSelection, selectOne } from '../../select/selection.ts';
import { type SelectionCurves, selectionCurves } from '../../select/selection-curves.ts';
import {
  criticSelector,
  majoritySelector,
  oracleSelector,
  passSelector,
  plainSelectors,
  randomSelector,
  type Selector,
  wholeSelector,
} from '../../select/selector.ts';
import { type StoredInstance, storedInstances } from '../../select/stored-attempts.ts';
import type { TestedInstance } from '../../select/tests/test-candidates.ts';
import { loadRunRecord } from '../../store/load-run-record.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { withInterrupt } from '../interrupt.ts';
import { CRITIC_HELP, openCritic } from '../open-critic.ts';
import { print } from '../output.ts';
import { predictionsText } from '../predictions-text.ts';
import { BACKEND_FLAGS } from '../sandbox-flags.ts';
import { testSelection } from '../test-selection.ts';
import { RUN_FLAGS } from './run.ts';

export const selectCommand = defineCommand({
  name: 'select',
  summary:
    'choose the best of several attempts per instance, with the reason for each, and measure what choosing is worth',
  description:
    'Attempts of several runs over the same dataset are pooled. Verdicts play no part in the choice (but for the oracle): they only make the curves.',
  arguments: [{ name: 'runs', help: 'folders or ids of runs', count: 'many' }],
  flags: {
    by: {
      kind: 'string',
      default: 'majority',
      placeholder: 'name',
      help: `majority (the most frequent patch after normalisation), or a critic: ${CRITIC_HELP}`,
    },
    tests: {
      kind: 'boolean',
      help: "first run the repository's own tests on every candidate: those that break the fewest stay",
    },
    adviser: {
      kind: 'string',
      placeholder: 'model',
      help: 'with --tests: model that writes reproduction tests and names tests that should change',
    },
    samples: { kind: 'integer', min: 1, default: 8, help: 'reproduction tests to sample per instance' },
    jobs: RUN_FLAGS.jobs,
    tier: BACKEND_FLAGS.tier,
    predictions: {
      kind: 'string',
      placeholder: 'file',
      help: 'write the winners: .jsonl has a row per line, .json is a list',
    },
    out: { kind: 'string', placeholder: 'file', help: 'write winners, candidates, reasons and curves as JSON' },
    svg: { kind: 'string', placeholder: 'file', help: 'write the curves as an SVG file' },
    reasons: { kind: 'boolean', help: 'show the reason for every candidate, not only for the winner' },
    maxK: { kind: 'integer', min: 1, help: 'longest curve (default: what nine of ten instances have)' },
    resamples: { kind: 'integer', min: 100, default: 1000, help: 'bootstrap resamples of the intervals' },
    seed: { kind: 'integer', min: 0, default: 1, help: 'of the bootstrap and the random critic' },
    runsDir: { kind: 'string', default: 'runs', placeholder: 'folder', help: 'folder of the run folders' },
  },
  examples: [
    'assay select runs/A --predictions best.jsonl --reasons',
    'assay select runs/A runs/B --by shortest --svg curves.svg',
  ],
  async run({ args, flags }) {
    const runs = await Promise.all(args.map(async (name) => loadRunRecord((await findRun(name, flags.runsDir)).dir)));
    checkPool(runs);
    const instances = await storedInstances(runs);
    const { by, seed } = flags;
    const { evidence, tested } = await withInterrupt(async (signal) => {
      const scores = by === 'majority' ? undefined : await scored(by, runs, instances, seed, signal);
      if (!flags.tests) return { evidence: { scores }, tested: [] };
      const say = (line: string) => void (flags.quiet || process.stderr.write(`${line}\n`));
      const results = await testSelection(runs, instances, { ...flags, signal, say });
      return { evidence: withTests(scores, results), tested: results };
    });
    const selections = instances.map((one) => selectOne(one, evidence));
    const { maxK, resamples } = flags;
    const curves = selectionCurves(curveInstances(instances, evidence), selectorsFor(evidence, by), {
      maxK,
      resamples,
      seed,
    });
    const document = {
      by,
      critic: criticSummary(evidence.scores),
      tests: tested.map(testsSummary),
      instances: selections,
      curves,
    };
    if (flags.predictions !== undefined)
      await writeFileAtomic(
        resolve(flags.predictions),
        predictionsText(flags.predictions, rowsOf(selections, runs, by)),
      );
    if (flags.out !== undefined) await writeFileAtomic(resolve(flags.out), `${JSON.stringify(document, null, 2)}\n`);
    if (flags.svg !== undefined) await writeFileAtomic(resolve(flags.svg), selectionSvg(curves));
    print(flags.json, document, text(selections, curves, evidence.scores, flags));
    return 0;
  },
});

function withTests(scores: Scores | undefined, results: readonly TestedInstance[]): Evidence {
  return {
    scores,
    tests: new Map(results.flatMap((one) => [...one.tests])),
    votes: new Map(results.flatMap((one) => [...one.votes])),
  };
}

function testsSummary({ instanceId, regression, reproduction }: TestedInstance) {
  if ('none' in regression) return { instanceId, regression, reproduction };
  const { files, command, tests, expected } = regression;
  return { instanceId, regression: { files, command, tests, expected }, reproduction };
}

/** Attempts at different tasks with the same name cannot be pooled. */
function checkPool(runs: readonly RunRecord[]): void {
  const digests = new Map<string, string>();
  for (const { manifest } of runs) {
    for (const { instanceId, digest } of manifest.dataset.instances) {
      const known = digests.get(instanceId) ?? digest;
      digests.set(instanceId, digest);
      if (known === digest) continue;
      throw new AssayError('config-invalid', `${instanceId} is not the same task in all of these runs`, {
        class: 'input',
        retryable: false,
        hint: 'Select over runs of one version of a dataset.',
      });
    }
  }
}

async function scored(
  name: string,
  runs: readonly RunRecord[],
  instances: readonly StoredInstance[],
  seed: number,
  signal: AbortSignal,
): Promise<Scores> {
  const critic = await openCritic(name, runs, seed);
  try {
    return await scoreAttempts(
      critic,
      instances.flatMap((one) => one.attempts),
      signal,
    );
  } finally {
    await critic.close();
  }
}

function selectorsFor(evidence: Evidence, by: string): Selector[] {
  const { scores, tests } = evidence;
  const baselines = [oracleSelector, randomSelector, ...plainSelectors, majoritySelector];
  return [
    passSelector,
    ...baselines,
    ...(scores === undefined || baselines.some((one) => one.name === scores.critic)
      ? []
      : [criticSelector(scores.critic)]),
    ...(tests === undefined ? [] : [wholeSelector(`tests, then ${by}`, deciderOf(evidence))]),
  ];
}

function rowsOf(selections: readonly InstanceSelection[], runs: readonly RunRecord[], by: string) {
  const { manifest } = runs[0] ?? {};
  const model = `${manifest?.agent.name}__${manifest?.model.id}__best-by-${by}`;
  return selections.flatMap(({ instanceId, winner, patch }) =>
    winner === null
      ? []
      : [
          {
            instance_id: instanceId,
            model_name_or_path: model,
            model_patch: patch,
            run: winner.runId,
            attempt: winner.attempt,
            reason: winner.reason,
          },
        ],
  );
}

function criticSummary(scores: Scores | undefined) {
  if (scores === undefined) return null;
  const { critic, usd, unknownCosts, failures } = scores;
  return {
    name: critic,
    usd,
    unknownCosts,
    failures: failures.map(({ attempt, failure }) => ({
      runId: attempt.run.manifest.runId,
      instanceId: attempt.record.instanceId,
      attempt: attempt.record.attempt,
      failure,
    })),
  };
}

function text(
  selections: readonly InstanceSelection[],
  curves: SelectionCurves,
  scores: Scores | undefined,
  flags: { reasons: boolean; predictions: string | undefined; out: string | undefined; svg: string | undefined },
): string {
  const failures =
    scores === undefined || scores.failures.length === 0
      ? ''
      : `${scores.failures.length} attempts have no score: ${scores.failures[0]?.failure.message}\n`;
  const files = [flags.predictions, flags.out, flags.svg]
    .filter((path) => path !== undefined)
    .map((path) => resolve(path));
  return `${winnersText(selections, flags.reasons)}\n${curvesText(curves)}${failures}${files.length === 0 ? '' : `files: ${files.join(', ')}\n`}`;
}
