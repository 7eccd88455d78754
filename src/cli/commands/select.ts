import { resolve } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import type { RunRecord } from '../../contracts/index.ts';
import { overlapWarning, trainingOverlap } from '../../critic/training-overlap.ts';
import { selectionSvg } from '../../report/selection-svg.ts';
import { checkPool, poolWarnings } from '../../select/check-pool.ts';
import { comparedSelectors } from '../../select/compared-selectors.ts';
import { filterRuns } from '../../select/filter-runs.ts';
import { type Scores, scoreAttempts } from '../../select/score-attempts.ts';
import { curveInstances, type Evidence, selectOne } from '../../select/selection.ts';
import { selectionCurves } from '../../select/selection-curves.ts';
import { type StoredInstance, storedInstances } from '../../select/stored-attempts.ts';
import type { TestedInstance } from '../../select/tests/test-candidates.ts';
import { playTournament, type TournamentOptions } from '../../select/tournament/play-tournament.ts';
import { loadRunRecord } from '../../store/load-run-record.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { withInterrupt } from '../interrupt.ts';
import { CRITIC_HELP, openCritic, openPairJudge, PAIR_JUDGE_HELP } from '../open-critic.ts';
import { print } from '../output.ts';
import { demandPredictionsName, predictionsText } from '../predictions-text.ts';
import { FILTER_FLAGS, RUN_FLAGS } from '../run-flags.ts';
import { BACKEND_FLAGS } from '../sandbox-flags.ts';
import {
  type ScoredBy,
  type SelectionResult,
  selectionDocument,
  selectionText,
  winnerRows,
} from '../selection-output.ts';
import { testSelection } from '../test-selection.ts';

export const selectCommand = defineCommand({
  name: 'select',
  summary:
    'choose the best of several attempts per instance, with the reason for each, and measure what choosing is worth',
  description:
    'Attempts of several runs over the same dataset are pooled. Runs that were imported have no tasks, so --tests needs runs that were made here. Verdicts play no part in the choice (but for the oracle): they only make the curves.',
  arguments: [{ name: 'runs', help: 'folders or ids of runs', count: 'many' }],
  flags: {
    by: {
      kind: 'string',
      default: 'majority',
      placeholder: 'name',
      help: `majority (the most frequent patch after normalisation), or a critic: ${CRITIC_HELP}, or a tournament: ${PAIR_JUDGE_HELP}`,
    },
    opponents: {
      kind: 'integer',
      min: 1,
      default: 8,
      help: 'of each attempt in a tournament: each pair is asked about in both orders',
    },
    tests: {
      kind: 'boolean',
      help: "first run the repository's own tests on every candidate: those that break the fewest stay",
    },
    testsBy: {
      kind: 'string',
      choices: ['imports', 'coverage'],
      default: 'imports',
      help: 'with --tests: run test files that lead over imports to a change, or those that execute lines near it (each is run once to see)',
    },
    adviser: {
      kind: 'string',
      placeholder: 'model',
      help: 'with --tests: model that writes reproduction tests and names tests that should change',
    },
    samples: { kind: 'integer', min: 1, default: 8, help: 'reproduction tests to sample per instance' },
    instance: FILTER_FLAGS.instance,
    limit: FILTER_FLAGS.limit,
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
    seed: { kind: 'integer', min: 0, default: 1, help: 'of the bootstrap, the random critic and tournaments' },
    runsDir: { kind: 'string', default: 'runs', placeholder: 'folder', help: 'folder of the run folders' },
  },
  examples: [
    'assay select runs/A --predictions best.jsonl --reasons',
    'assay select runs/A runs/B --by shortest --svg curves.svg',
  ],
  async run({ args, flags }) {
    if (flags.predictions !== undefined) demandPredictionsName(flags.predictions);
    const loaded = await Promise.all(args.map(async (name) => loadRunRecord((await findRun(name, flags.runsDir)).dir)));
    checkPool(loaded);
    const runs = filterRuns(loaded, { instances: flags.instance, limit: flags.limit });
    const instances = await storedInstances(runs);
    const { by, seed, opponents } = flags;
    const warn = (line: string) => void process.stderr.write(`warning: ${line}\n`);
    const warnings = poolWarnings(runs);
    for (const line of warnings) warn(line);
    const { scored, evidence, tested } = await withInterrupt(async (signal) => {
      const scored =
        by === 'majority' ? undefined : await scoresBy(by, runs, instances, { opponents, seed, signal, warn });
      const { scores } = scored ?? {};
      if (!flags.tests) return { scored, evidence: { scores }, tested: undefined };
      const say = (line: string) => void (flags.quiet || process.stderr.write(`${line}\n`));
      const results = await testSelection(runs, instances, {
        ...flags,
        chooseBy: flags.testsBy === 'coverage' ? 'coverage' : 'imports',
        signal,
        say,
      });
      return { scored, evidence: withTests(scores, results), tested: results };
    }, 'nothing was chosen, and no file was written');
    const selections = instances.map((one) => selectOne(one, evidence));
    const { maxK, resamples } = flags;
    const curves = selectionCurves(curveInstances(instances, evidence), comparedSelectors(evidence, by), {
      maxK,
      resamples,
      seed,
    });
    const result: SelectionResult = { by, runs, selections, curves, scored, tested, warnings };
    const document = selectionDocument(result);
    const { predictions, out, svg } = flags;
    if (predictions !== undefined) await writeFileAtomic(predictions, predictionsText(predictions, winnerRows(result)));
    if (out !== undefined) await writeFileAtomic(out, `${JSON.stringify(document, null, 2)}\n`);
    if (svg !== undefined) await writeFileAtomic(svg, selectionSvg(curves));
    const written = [predictions, out, svg].flatMap((path) => (path === undefined ? [] : [resolve(path)]));
    const files = written.length === 0 ? '' : `files: ${written.join(', ')}\n`;
    print(flags.json, document, `${selectionText(result, flags.reasons)}${files}`);
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

async function scoresBy(
  name: string,
  runs: readonly RunRecord[],
  instances: readonly StoredInstance[],
  { warn, ...options }: TournamentOptions & { warn: (line: string) => void },
): Promise<ScoredBy> {
  const { seed, signal } = options;
  const judge = openPairJudge(name);
  if (judge !== undefined) {
    try {
      return { scores: await playTournament(judge, instances, options), trainedOnThese: null };
    } finally {
      await judge.close();
    }
  }
  const critic = await openCritic(name, runs, seed);
  try {
    const trainedOnThese = trainingOverlap(
      critic,
      runs.map(({ manifest }) => manifest),
    );
    if (trainedOnThese !== null) warn(overlapWarning(critic.name, trainedOnThese));
    const attempts = instances.flatMap((one) => one.attempts);
    return { scores: await scoreAttempts(critic, attempts, signal), trainedOnThese };
  } finally {
    await critic.close();
  }
}
