/** What `assay select` writes: one document, predictions, text for a terminal. */
import type { RunRecord } from '../contracts/index.ts';
import { money } from '../report/run-report.ts';
import { curvesText, winnersText } from '../report/selection-text.ts';
import type { Scores } from '../select/score-attempts.ts';
import type { InstanceSelection } from '../select/selection.ts';
import type { SelectionCurves } from '../select/selection-curves.ts';
import type { TestedInstance } from '../select/tests/test-candidates.ts';
import type { PredictionRow } from './predictions-text.ts';

export interface SelectionResult {
  /** How the user calls what decided. */
  by: string;
  runs: readonly RunRecord[];
  selections: readonly InstanceSelection[];
  curves: SelectionCurves;
  scores: Scores | undefined;
  tested: readonly TestedInstance[];
}

/** For `--json` and `--out`. */
export function selectionDocument({ by, selections, curves, scores, tested }: SelectionResult) {
  return { by, critic: criticSummary(scores), tests: tested.map(testsSummary), instances: selections, curves };
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
export function selectionText({ selections, curves, scores }: SelectionResult, everyReason: boolean): string {
  return `${winnersText(selections, everyReason)}\n${curvesText(curves)}${scores === undefined ? '' : criticText(scores)}`;
}

function criticText({ critic, usd, unknownCosts, failures }: Scores): string {
  const [first] = failures;
  const missing = first === undefined ? '' : `${failures.length} attempts have no score: ${first.failure.message}\n`;
  const cost = usd === 0 && unknownCosts === 0 ? '' : `${critic} cost ${money(usd, unknownCosts)}\n`;
  return `${missing}${cost}`;
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

function testsSummary({ instanceId, regression, reproduction }: TestedInstance) {
  if ('none' in regression) return { instanceId, regression, reproduction };
  const { files, command, tests, expected } = regression;
  return { instanceId, regression: { files, command, tests, expected }, reproduction };
}
