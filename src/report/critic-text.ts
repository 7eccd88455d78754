/** An evaluation of a critic for a terminal. */
import type { CriticEvaluation } from '../critic/evaluate/evaluate-critic.ts';
import type { SplitBy } from '../critic/evaluate/folds.ts';
import type { Measures } from '../critic/evaluate/measure.ts';
import type { Interval } from '../stats/intervals.ts';
import { curvesText } from './selection-text.ts';

export function criticEvaluationText({ splits, leftOut, selections, ablations, turns }: CriticEvaluation): string {
  const parts = [
    ...splits.map(({ split, folds, measures }) => {
      const rows = [['all', measures.all] as const, ...Object.entries(measures.agents)];
      const width = Math.max(...rows.map(([name]) => name.length));
      return [
        `held out by ${split}, ${folds} folds: no score is by a critic that saw ${SEEN[split]}`,
        `  ${'agent'.padEnd(width)}  attempts  resolved    AUC  Brier    ECE`,
        ...rows.map(([name, row]) => `  ${name.padEnd(width)}  ${measureCells(row)}`),
      ].join('\n');
    }),
    ...leftOut.map((split) => `not held out by ${split}: all attempts are of one ${split}`),
    ...selections.map(({ setup, curves }) => `${setup}\n${curvesText(curves).trimEnd()}`),
    ...(ablations.length === 0 ? [] : [ablationText(ablations)]),
    ...(turns.length === 0 ? [] : [turnsText(turns)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

const SEEN: Readonly<Record<SplitBy, string>> = {
  repository: "an attempt's repository",
  instance: "an attempt's instance; others of its repository it saw",
};

function measureCells({ attempts, resolved, auc, brier, ece }: Measures): string {
  const cells = [String(attempts).padStart(8), String(resolved).padStart(8), auc === null ? '    -' : auc.toFixed(3)];
  return [...cells, brier.toFixed(3), ece.toFixed(3)].join('  ');
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
