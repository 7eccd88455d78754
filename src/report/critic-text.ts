/** An evaluation of a critic for a terminal. */
import type { CriticEvaluation } from '../critic/evaluate/evaluate-critic.ts';
import type { GivenEvaluation, GivenMeasures } from '../critic/evaluate/evaluate-given.ts';
import type { SplitBy } from '../critic/evaluate/folds.ts';
import type { Interval } from '../stats/intervals.ts';
import { curvesText } from './selection-text.ts';

export function criticEvaluationText({ splits, leftOut, selections, ablations, turns }: CriticEvaluation): string {
  const parts = [
    ...splits.map(({ split, folds, measures }) =>
      measuresText(`held out by ${split}, ${folds} folds: no score is by a critic that saw ${SEEN[split]}`, measures),
    ),
    ...leftOut.map((split) => `not held out by ${split}: all attempts are of one ${split}`),
    ...selectionTexts(selections),
    ...(ablations.length === 0 ? [] : [ablationText(ablations)]),
    ...(turns.length === 0 ? [] : [turnsText(turns)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

const SEEN: Readonly<Record<SplitBy, string>> = {
  repository: "an attempt's repository",
  instance: "an attempt's instance; others of its repository it saw",
};

/** Of a critic that was not trained for the evaluation. */
export function givenEvaluationText(given: GivenEvaluation): string {
  const { critic, calibrated, measures, selections } = given;
  const meaning = calibrated
    ? 'its scores are probabilities'
    : 'its scores are not calibrated: they have no Brier score and no calibration error';
  return `${[measuresText(`${critic}: ${meaning}`, measures), ...selectionTexts(selections)].join('\n\n')}\n`;
}

function measuresText(title: string, { all, agents }: GivenEvaluation['measures']): string {
  const rows = [['all', all] as const, ...Object.entries(agents)];
  const width = Math.max('agent'.length, ...rows.map(([name]) => name.length));
  return [
    title,
    `  ${'agent'.padEnd(width)}  attempts  resolved    AUC  Brier    ECE`,
    ...rows.map(([name, row]) => `  ${name.padEnd(width)}  ${measureCells(row)}`),
  ].join('\n');
}

function selectionTexts(selections: GivenEvaluation['selections']): string[] {
  return selections.map(({ setup, curves }) => `${setup}\n${curvesText(curves).trimEnd()}`);
}

function measureCells({ attempts, resolved, auc, brier, ece }: GivenMeasures): string {
  const counts = [String(attempts).padStart(8), String(resolved).padStart(8)];
  return [...counts, ...[auc, brier, ece].map((value) => value?.toFixed(3) ?? '    -')].join('  ');
}

function ablationText(ablations: CriticEvaluation['ablations']): string {
  const width = Math.max(...ablations.map(({ name }) => name.length));
  const lines = ablations.flatMap(({ name, auc, selections }) => [
    `  ${name.padEnd(width)}  AUC ${auc?.toFixed(3) ?? '-'}`,
    ...selections.map(
      ({ setup, rate, recovered }) =>
        `    ${setup}: ${rate === null ? '-' : span(rate)}, share of the headroom ${recovered === null ? '-' : span(recovered)}`,
    ),
  ]);
  return ['what the critic sees', ...lines].join('\n');
}

function turnsText(turns: CriticEvaluation['turns']): string {
  const lines = turns.map(
    ({ share, measures }) =>
      `  after ${(100 * share).toFixed(0).padStart(3)} % of the turns: AUC ${measures.auc?.toFixed(3) ?? '-'}, Brier ${measures.brier.toFixed(3)}`,
  );
  return ['value per turn (without the patch)', ...lines].join('\n');
}

function span({ value, low, high }: Interval): string {
  const percent = (one: number) => `${(100 * one).toFixed(1)} %`;
  return `${percent(value)} [${percent(low)}, ${percent(high)}]`;
}
