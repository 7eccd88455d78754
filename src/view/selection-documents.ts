/** Documents that take a while and are made when somebody asks: curves of choosing among attempts, and what runs on priced tasks would have earned. */
import type { RunRecord } from '../contracts/index.ts';
import { loadDataset } from '../dataset/load-dataset.ts';
import type { Detector } from '../payout/economics/detector.ts';
import { payoutReport } from '../payout/payout-report.ts';
import { payoutSvg } from '../report/payout-svg.ts';
import { payoutText } from '../report/payout-text.ts';
import { selectionSvg } from '../report/selection-svg.ts';
import { curvesText } from '../report/selection-text.ts';
import { checkPool } from '../select/check-pool.ts';
import { comparedSelectors } from '../select/compared-selectors.ts';
import { curveInstances } from '../select/selection.ts';
import { selectionCurves } from '../select/selection-curves.ts';
import { storedInstances } from '../select/stored-attempts.ts';
import type { PlotDocument } from './documents.ts';

/** The same start as `assay select`, so that both show the same intervals. */
const SEED = 1;
/** As `assay payout` without flags: looking at an attempt costs nothing and is never wrong. */
const FREE_DETECTOR: Detector = { reviewUsd: 0, falseAccept: 0, falseReject: 0 };

/** Best of k against k and dollars, the attempts of all runs pooled. No critic is asked. Throws `config-invalid` when they cannot be pooled, `io`. */
export async function curvesDocument(records: readonly RunRecord[]): Promise<PlotDocument> {
  checkPool(records);
  const instances = curveInstances(await storedInstances(records), {});
  const curves = selectionCurves(instances, comparedSelectors({}, 'majority'), { seed: SEED });
  // There is nothing to choose from, and no line to draw, with one attempt at each instance.
  return { text: curvesText(curves), svg: curves.maxK < 2 ? null : selectionSvg(curves) };
}

/** Throws `dataset-not-found`, `task-invalid` when the tasks of a run can no longer be read. */
export async function payoutDocument(records: readonly RunRecord[]): Promise<PlotDocument> {
  const reports = await Promise.all(
    records.map(async (record) => {
      const { reference, table } = record.manifest.dataset;
      // Rows of SWE-bench sets have no prices.
      const instances = table === undefined ? (await loadDataset(reference)).instances : [];
      return payoutReport(record, instances, FREE_DETECTOR);
    }),
  );
  const priced = reports.filter((report) => report.tasks.length > 0);
  if (priced.length === 0) return { text: 'No task of these runs has a price.\n', svg: null };
  return { text: priced.map(payoutText).join('\n'), svg: payoutSvg(priced) };
}
