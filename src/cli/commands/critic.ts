import { resolve } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { counted } from '../../base/counted.ts';
import { AssayError, type RunRecord } from '../../contracts/index.ts';
import {
  type GradedAttempt,
  type LoadedAttempts,
  leftOutWords,
  loadAttempts,
  usable,
} from '../../critic/data/load-attempts.ts';
import { scoreGraded } from '../../critic/data/score-graded.ts';
import type { CriticFile } from '../../critic/embedded/critic-file.ts';
import { type Example, toExample } from '../../critic/embedded/example.ts';
import { DEFAULT_TRAINING, type TrainOptions, trainCritic } from '../../critic/embedded/train-critic.ts';
import { type TimeLeftOut, trainedCriticFile } from '../../critic/embedded/trained-critic-file.ts';
import { evaluateCritic } from '../../critic/evaluate/evaluate-critic.ts';
import { evaluateGiven, type GivenEvaluation } from '../../critic/evaluate/evaluate-given.ts';
import type { SplitBy } from '../../critic/evaluate/folds.ts';
import { guardTime, type TimeGuard } from '../../critic/export/time-guard.ts';
import { overlapWarning, type TrainingOverlap, trainingOverlap } from '../../critic/training-overlap.ts';
import { criticEvaluationText, givenEvaluationText } from '../../report/critic-text.ts';
import { money } from '../../report/run-report.ts';
import { checkNamedOnce } from '../../select/check-pool.ts';
import { scoreAttempts } from '../../select/score-attempts.ts';
import { storedInstances } from '../../select/stored-attempts.ts';
import { loadRunRecord } from '../../store/load-run-record.ts';
import { findRun } from '../find-run.ts';
import { defineCommand } from '../flag.ts';
import { withInterrupt } from '../interrupt.ts';
import { CRITIC_HELP, openCritic } from '../open-critic.ts';
import { print } from '../output.ts';
import { scoresDocument, scoresText } from '../scores-output.ts';
import { TIME_GUARD_FLAGS, timeGuardOf, timeGuardText } from '../time-guard-flags.ts';
import { assayVersion } from '../version.ts';

export const RUNS_ARGUMENT = { name: 'runs', help: 'folders or ids of graded runs', count: 'many' } as const;
export const RUNS_DIR = {
  kind: 'string',
  default: 'runs',
  placeholder: 'folder',
  help: 'folder of the run folders',
} as const;
const SEED = { kind: 'integer', min: 0, default: 1, help: 'of the sampling of rows and columns' } as const;
const CALIBRATION = {
  kind: 'string',
  choices: ['platt', 'isotonic'],
  default: 'platt',
  help: 'how scores become probabilities: platt is steadier, isotonic is for thousands of attempts',
} as const;

export const criticTrainCommand = defineCommand({
  name: 'critic train',
  summary: 'train a critic on graded runs, on this machine: a readable JSON file with its training card',
  arguments: [RUNS_ARGUMENT],
  flags: {
    out: { kind: 'string', default: 'critic.json', placeholder: 'file', help: 'where to' },
    perTurn: { kind: 'boolean', help: 'train the score of whole attempts on single turns too, by their TD targets' },
    calibration: CALIBRATION,
    ...TIME_GUARD_FLAGS,
    seed: SEED,
    runsDir: RUNS_DIR,
  },
  examples: ['assay critic train runs/A runs/B --out critic.json', 'assay select runs/C --by embedded:critic.json'],
  async run({ args, flags }) {
    const { runs, loaded, examples, time } = await loadExamples(args, flags.runsDir, await timeGuardOf(flags));
    const options = trainingOf(flags.perTurn, flags.calibration, flags.seed);
    const heads = trainCritic(examples, options);
    const file = trainedCriticFile({ heads, examples, loaded, time, runs, options, assayVersion: assayVersion() });
    const path = resolve(flags.out);
    await writeFileAtomic(path, `${JSON.stringify(file, null, 1)}\n`);
    const resolved = examples.filter(({ attempt }) => attempt.resolved).length;
    print(
      flags.json,
      { path, card: file.card },
      `${path}: trained on ${counted(examples.length, 'attempt')}, ${resolved} resolved; ${heldOutText(file.card.heldOut)}${leftOutText(loaded, time)}\n`,
    );
    return 0;
  },
});

export const criticEvalCommand = defineCommand({
  name: 'critic eval',
  summary: 'what such a critic is worth on repositories and instances that it has not seen',
  description:
    'Trains anew for every fold, or with --by measures a critic that there is. Prints AUC and calibration per agent, the rate of the chosen attempt against every baseline for runs with repeats and for all attempts pooled, ' +
    'and with --ablations what each kind of feature is worth.',
  arguments: [RUNS_ARGUMENT],
  flags: {
    by: {
      kind: 'string',
      placeholder: 'name',
      help: `measure this critic as it is, and train none: ${CRITIC_HELP}`,
    },
    split: {
      kind: 'string',
      choices: ['repository', 'instance', 'both'],
      default: 'both',
      help: 'what is held out together, over all agents',
    },
    ablations: {
      kind: 'boolean',
      help: 'leave out kinds of features, add turns to the training, and judge the values per turn',
    },
    out: { kind: 'string', placeholder: 'file', help: 'write everything as JSON' },
    calibration: CALIBRATION,
    seed: SEED,
    runsDir: RUNS_DIR,
  },
  examples: [
    'assay critic eval runs/A runs/B --split repository',
    'assay critic eval runs/A --ablations --out eval.json',
    'assay critic eval runs/A --by calibrated:judge.json',
  ],
  async run({ args, flags }) {
    const { runs, loaded, examples } = await loadExamples(args, flags.runsDir);
    const head = `${counted(examples.length, 'attempt')} of ${counted(runs.length, 'run')}${leftOutText(loaded)}`;
    const write = async (evaluation: object) => {
      if (flags.out !== undefined)
        await writeFileAtomic(resolve(flags.out), `${JSON.stringify(evaluation, null, 2)}\n`);
    };
    if (flags.by !== undefined) {
      const attempts = examples.map(({ attempt }) => attempt);
      const evaluation = await givenEvaluation(flags.by, runs, attempts, flags.seed);
      await write(evaluation);
      const cost = `cost ${money(evaluation.usd, evaluation.unknownCosts)}, ${evaluation.unscored} without a score`;
      const seen = evaluation.trainedOnThese;
      const warning = seen === null ? '' : `warning: ${overlapWarning(evaluation.critic, seen)}\n`;
      print(flags.json, evaluation, `${head}\n\n${givenEvaluationText(evaluation)}${cost}\n${warning}`);
      return 0;
    }
    const splits: SplitBy[] = flags.split === 'both' ? ['repository', 'instance'] : [flags.split as SplitBy];
    const training = trainingOf(false, flags.calibration, flags.seed);
    const evaluation = await evaluateCritic(runs, examples, { training, splits, ablate: flags.ablations });
    await write(evaluation);
    print(flags.json, evaluation, `${head}\n\n${criticEvaluationText(evaluation)}`);
    return 0;
  },
});

export const criticScoreCommand = defineCommand({
  name: 'critic score',
  summary: 'the score of every attempt of a run by a critic',
  arguments: [{ name: 'run', help: 'folder or id of a run (default: the newest)', count: 'optional' }],
  flags: {
    by: { kind: 'string', default: 'embedded:critic.json', placeholder: 'name', help: `the critic: ${CRITIC_HELP}` },
    seed: { kind: 'integer', min: 0, default: 1, help: 'of the random critic' },
    runsDir: RUNS_DIR,
  },
  examples: ['assay critic score runs/A --by embedded:critic.json'],
  async run({ args, flags }) {
    const record = await loadRunRecord((await findRun(args[0], flags.runsDir)).dir);
    const attempts = (await storedInstances([record])).flatMap((one) => one.attempts);
    const critic = await openCritic(flags.by, [record], flags.seed);
    try {
      const trainedOnThese = trainingOverlap(critic, [record.manifest]);
      const seen = trainedOnThese === null ? '' : `warning: ${overlapWarning(critic.name, trainedOnThese)}\n`;
      process.stderr.write(seen);
      const scores = await withInterrupt((signal) => scoreAttempts(critic, attempts, signal), 'no scores are shown');
      const document = { ...scoresDocument(attempts, scores), trainedOnThese };
      print(flags.json, document, `${scoresText(document)}${seen}`);
      return document.failures.length === 0 ? 0 : 3;
    } finally {
      await critic.close();
    }
  },
});

async function givenEvaluation(
  name: string,
  runs: readonly RunRecord[],
  attempts: readonly GradedAttempt[],
  seed: number,
): Promise<GivenEvaluation & { trainedOnThese: TrainingOverlap | null }> {
  const critic = await openCritic(name, runs, seed);
  try {
    const trainedOnThese = trainingOverlap(
      critic,
      runs.map(({ manifest }) => manifest),
    );
    const scores = await withInterrupt((signal) => scoreGraded(critic, attempts, signal), 'nothing is shown');
    return { ...(await evaluateGiven(critic, runs, scores)), trainedOnThese };
  } finally {
    await critic.close();
  }
}

function trainingOf(perTurn: boolean, calibration: string, seed: number): TrainOptions {
  return { ...DEFAULT_TRAINING, perTurn, seed, calibration: calibration === 'isotonic' ? 'isotonic' : 'platt' };
}

export async function loadExamples(
  names: readonly string[],
  runsDir: string,
  guard?: TimeGuard,
): Promise<{ runs: RunRecord[]; loaded: LoadedAttempts; examples: Example[]; time: TimeLeftOut | undefined }> {
  const runs = await Promise.all(names.map(async (name) => loadRunRecord((await findRun(name, runsDir)).dir)));
  checkNamedOnce(runs);
  const loaded = await loadAttempts(runs);
  const teaching = loaded.attempts.filter(usable);
  const guarded = guard === undefined ? undefined : guardTime(teaching, guard);
  const examples = (guarded?.kept ?? teaching).map(toExample);
  const time =
    guard === undefined || guarded === undefined
      ? undefined
      : { before: new Date(guard.before).toISOString(), later: guarded.later, undated: guarded.undated };
  const resolved = examples.filter(({ attempt }) => attempt.resolved).length;
  if (resolved > 0 && resolved < examples.length) return { runs, loaded, examples, time };
  throw new AssayError(
    'usage',
    `a critic needs resolved and unresolved attempts: ${resolved} of ${examples.length} are resolved${leftOutText(loaded, time)}`,
    {
      class: 'input',
      retryable: false,
      hint: 'Name more graded runs.',
    },
  );
}

function heldOutText(heldOut: CriticFile['card']['heldOut']): string {
  if (heldOut === null) return 'nothing could be held out to measure it: all attempts are at one instance';
  const { split, auc, brier, ece } = heldOut;
  return `held out by ${split}: AUC ${auc?.toFixed(3) ?? 'unknown'}, Brier ${brier.toFixed(3)}, ECE ${ece.toFixed(3)}`;
}

function leftOutText(loaded: LoadedAttempts, time?: TimeLeftOut): string {
  const words = [...leftOutWords(loaded), ...(time === undefined ? [] : timeGuardText(time))];
  return words.length === 0 ? '' : `; left out: ${words.join(', ')}`;
}
