/** What `assay select` writes: one document, predictions, text for a terminal. */
import { counted } from '../base/counted.ts';
import type { RunRecord } from '../contracts/index.ts';
import { overlapWarning, type TrainingOverlap } from '../critic/training-overlap.ts';
import { money } from '../report/run-report.ts';
import { curvesText, winnersText } from '../report/selection-text.ts';
import type { Scores, TournamentCounts } from '../select/score-attempts.ts';
import type { InstanceSelection } from '../select/selection.ts';
import type { SelectionCurves } from '../select/selection-curves.ts';
import type { TestedInstance } from '../select/tests/test-candidates.ts';
import type { PredictionRow } from './predictions-text.ts';
import { uncalibratedWords } from './scores-output.ts';

export interface SelectionResult {
  /** How the user calls what decided. */
  by: string;
  runs: readonly RunRecord[];
  selections: readonly InstanceSelection[];
  curves: SelectionCurves;
  /** Absent for votes. */
  scored: ScoredBy | undefined;
  /** Absent when nobody asked for tests. */
  tested: readonly TestedInstance[] | undefined;
  warnings: readonly string[];
}

/** Scores, and what their critic had seen of these runs before. */
export interface ScoredBy {
  scores: Scores;
  trainedOnThese: TrainingOverlap | null;
}

/** For `--json` and `--out`. */
export function selectionDocument({ by, selections, curves, scored, tested, warnings }: SelectionResult) {
  const tests = (tested ?? []).map(testsSummary);
  return { by, warnings, critic: criticSummary(scored), tests, instances: selections, curves };
}

/** The winners; the reason and where each comes from stand beside what graders read. */
export function winnerRows({ by, runs, selections }: SelectionResult): PredictionRow[] {
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

/** `everyReason`: of all candidates, not only of the winner. */
export function selectionText(result: SelectionResult, everyReason: boolean): string {
  const { selections, curves, scored, tested, warnings } = result;
  const notes = [
    tested === undefined ? '' : `tests ran for ${tested.length} of ${counted(selections.length, 'instance')}\n`,
    ...warnings.map((line) => `warning: ${line}\n`),
    scored === undefined ? '' : criticText(scored),
  ];
  return `${winnersText(selections, everyReason)}\n${curvesText(curves)}${notes.join('')}`;
}

function criticText({ scores, trainedOnThese }: ScoredBy): string {
  const { critic, calibrated, usd, unknownCosts, failures, tournament } = scores;
  const [first] = failures;
  const meaning = calibrated ? '' : `${uncalibratedWords(critic)}\n`;
  const pairs = tournament === undefined ? '' : tournamentText(critic, tournament);
  const missing =
    first === undefined
      ? ''
      : `${counted(failures.length, 'attempt has', 'attempts have')} no score: ${first.failure.message}\n`;
  const cost = usd === 0 && unknownCosts === 0 ? '' : `${critic} cost ${money(usd, unknownCosts)}\n`;
  const seen = trainedOnThese === null ? '' : `warning: ${overlapWarning(critic, trainedOnThese)}\n`;
  return `${meaning}${pairs}${missing}${cost}${seen}`;
}

function tournamentText(judge: string, { pairs, contradictions, unanswered }: TournamentCounts): string {
  const lost = unanswered === 0 ? '' : `, ${unanswered} without an answer`;
  return `${judge} compared ${counted(pairs, 'pair')} in both orders; in ${contradictions} it preferred the same place twice${lost}\n`;
}

function criticSummary(scored: ScoredBy | undefined) {
  if (scored === undefined) return null;
  const { critic, calibrated, usd, unknownCosts, failures, tournament } = scored.scores;
  return {
    name: critic,
    calibrated,
    ...(tournament === undefined ? {} : { tournament }),
    trainedOnThese: scored.trainedOnThese,
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

function testsSummary({ instanceId, regression, reproduction, unadvised }: TestedInstance) {
  if ('none' in regression) return { instanceId, regression, reproduction, unadvised };
  const { files, chosen, command, tests, expected } = regression;
  return { instanceId, regression: { files, chosen, command, tests, expected }, reproduction, unadvised };
}
