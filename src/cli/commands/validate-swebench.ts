/** `validate` on a SWE-bench data set: gold patches and a patch that changes nothing, graded strictly. */
import { join } from 'node:path';
import type { RunControl } from '../../run/run-control.ts';
import type { Prediction, SwebenchInstance } from '../../swebench/contracts.ts';
import type { InstanceResult } from '../../swebench/evaluation/evaluate-predictions.ts';
import { goldPredictions } from '../../swebench/predictions/load-predictions.ts';
import type { Engine } from '../compose.ts';
import type { ExitCode } from '../flag.ts';
import { gradePredictions } from '../swebench-grading.ts';

export interface SwebenchValidation {
  instances: {
    instanceId: string;
    status: 'valid' | 'gold-fails' | 'unchanged-passes' | 'flaky' | 'failed';
    gold: InstanceResult['outcome'][];
    unchanged: InstanceResult['outcome'][];
    seconds: number;
    reason: string | null;
  }[];
  times: number;
  valid: number;
}

export interface ValidateSwebenchOptions {
  instances: readonly SwebenchInstance[];
  dataset: { name: string; split: string };
  repos: readonly string[];
  image: string | undefined;
  times: number;
  jobs: number;
  /** Logs of every round are kept here. */
  root: string;
  control: RunControl;
  say: (line: string) => void;
}

/** Adds a file that no test looks at: unlike an empty patch it is evaluated. */
const UNCHANGED = `diff --git a/assay-unchanged.txt b/assay-unchanged.txt
new file mode 100644
--- /dev/null
+++ b/assay-unchanged.txt
@@ -0,0 +1 @@
+This patch changes nothing.
`;

export async function validateSwebench(engine: Engine, options: ValidateSwebenchOptions): Promise<SwebenchValidation> {
  const { instances, control, times } = options;
  const gold = goldPredictions(instances);
  const unchanged = new Map<string, Prediction>(
    [...gold].map(([id, one]) => [id, { ...one, model_name_or_path: 'unchanged', model_patch: UNCHANGED }]),
  );
  const rounds: { gold: InstanceResult[]; unchanged: InstanceResult[] }[] = [];
  for (let round = 1; round <= times && !control.pausing; round++) {
    const grade = async (predictions: ReadonlyMap<string, Prediction>) =>
      (
        await gradePredictions(engine, {
          ...options,
          predictions,
          instanceIds: [],
          runId: `validate-${round}`,
          reportDir: join(options.root, 'reports'),
          compat: 5,
          strict: true,
          network: undefined,
          timeoutSeconds: 1800,
          cacheLevel: 'instance',
          clean: false,
          pausing: () => control.pausing,
          signal: control.signal,
        })
      ).results;
    rounds.push({ gold: await grade(gold), unchanged: await grade(unchanged) });
  }
  const rows = instances.map(({ instance_id }) => rowOf(instance_id, rounds));
  return { instances: rows, times, valid: rows.filter((row) => row.status === 'valid').length };
}

function rowOf(
  instanceId: string,
  rounds: readonly { gold: InstanceResult[]; unchanged: InstanceResult[] }[],
): SwebenchValidation['instances'][number] {
  const of = (kind: 'gold' | 'unchanged') =>
    rounds.flatMap((round) => round[kind].filter((one) => one.instanceId === instanceId));
  const [gold, unchanged] = [of('gold'), of('unchanged')];
  const outcomes = (results: readonly InstanceResult[]) => results.map((one) => one.outcome);
  const all = [...gold, ...unchanged];
  const reason = all.map((one) => one.failure?.message ?? one.record?.reason).find((text) => text != null) ?? null;
  return {
    instanceId,
    status: statusOf(outcomes(gold), outcomes(unchanged)),
    gold: outcomes(gold),
    unchanged: outcomes(unchanged),
    seconds: gold.reduce((sum, one) => sum + one.seconds, 0) / Math.max(1, gold.length),
    reason,
  };
}

function statusOf(
  gold: readonly InstanceResult['outcome'][],
  unchanged: readonly InstanceResult['outcome'][],
): SwebenchValidation['instances'][number]['status'] {
  const unfinished = gold.length === 0 || unchanged.length === 0;
  if (unfinished || [...gold, ...unchanged].includes('failed')) return 'failed';
  if (new Set(gold).size > 1 || new Set(unchanged).size > 1) return 'flaky';
  if (gold[0] !== 'resolved') return 'gold-fails';
  return unchanged[0] === 'resolved' ? 'unchanged-passes' : 'valid';
}

export function swebenchValidationText({ instances, times, valid }: SwebenchValidation): string {
  const width = Math.max(8, ...instances.map((one) => one.instanceId.length));
  const rows = instances.map((one) => {
    const reason = one.reason === null ? '' : `  ${one.reason.split('\n')[0]}`;
    return `  ${one.instanceId.padEnd(width)}  ${one.status.padEnd(16)} ${one.seconds.toFixed(1).padStart(6)} s${reason}`;
  });
  const words = `${times} time${times === 1 ? '' : 's'}`;
  return `${rows.join('\n')}\n${valid} of ${instances.length} valid, ${words}: gold resolves, an unchanged repository does not\n`;
}

export function swebenchValidationExit({ instances, valid }: SwebenchValidation): ExitCode {
  if (valid === instances.length) return 0;
  return instances.some((one) => one.status === 'failed') ? 3 : 1;
}
