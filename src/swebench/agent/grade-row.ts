/** Patches of agents at SWE-bench instances, judged by the strict rules: what `assay grade --strict` says of the same patch. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GradeArtifact, GradeReport, Verdict } from '../../contracts/index.ts';
import type { GradeAttemptInput, GradeAttemptResult } from '../../grading/grade-attempt.ts';
import type { InstanceReport, SwebenchInstance } from '../contracts.ts';
import type { SwebenchEnvironments } from '../environment/swebench-environments.ts';
import {
  type Evaluation,
  type EvaluationSettings,
  evaluateInstance,
  evaluationDigest,
} from '../evaluation/evaluate-instance.ts';
import { type InstanceFolder, instanceFolder } from '../evaluation/instance-folder.ts';
import { requireRules } from '../evaluation/require-rules.ts';
import { gradeLog, instanceReportText } from '../grading/grade-log.ts';
import { rowOf } from './agent-environments.ts';

export interface GradeRowOptions {
  environments: SwebenchEnvironments;
  rows: ReadonlyMap<string, SwebenchInstance>;
  /** Where fetched pictures of Multimodal rows are kept. */
  assetCache: string;
}

const RULES = { compat: 5, strict: true, network: 'none' } as const;

/** The reference's files of an evaluation that say more than the report; kept with the attempt. */
const KEPT = ['report.json', 'assay.json', 'run_instance.log'] as const;

/** In a fresh sandbox of the instance's own environment, not of the agent's. Throws only for infrastructure and `cancelled`. */
export function gradesRows(options: GradeRowOptions) {
  return async (input: GradeAttemptInput): Promise<GradeAttemptResult & { artifacts?: GradeArtifact[] }> => {
    const { instance, patch, backend, limits, signal } = input;
    const started = performance.now();
    const row = rowOf(options.rows, instance);
    const environment = await options.environments.ensure(row, signal);
    const prediction = { instance_id: row.instance_id, model_name_or_path: 'attempt', model_patch: patch };
    const settings: EvaluationSettings = {
      ...RULES,
      backend,
      limits,
      timeoutSeconds: instance.task.grading.timeoutSeconds,
      assetCache: options.assetCache,
      gradeLog,
      reportText: instanceReportText,
      signal,
    };
    const item = { instance: row, prediction };
    const report = (verdict: Verdict, more: Partial<GradeReport> = {}): GradeReport => ({
      instanceId: row.instance_id,
      verdict,
      resolved: verdict === 'resolved',
      patchApplied: false,
      failToPass: { success: [], failure: [...row.FAIL_TO_PASS] },
      passToPass: { success: [], failure: [...row.PASS_TO_PASS] },
      testsSeen: 0,
      exitCode: null,
      durationMs: performance.now() - started,
      restoredFiles: [],
      gradeDigest: evaluationDigest(item, environment.digest, RULES),
      ...more,
    });
    if (patch.trim() === '') return { report: report('empty-patch'), testOutput: '', evalScript: requireRules(row) };
    const root = await mkdtemp(join(tmpdir(), 'assay-grade-'));
    try {
      const folder = instanceFolder(root, prediction.model_name_or_path, row.instance_id);
      await folder.begin();
      const evaluation = await evaluateInstance(item, environment, folder, settings);
      const artifacts = await filesOf(folder);
      return {
        report: report(verdictOf(evaluation), {
          ...outcomesOf(evaluation),
          ...(artifacts.length === 0 ? {} : { artifacts: artifacts.map(({ name }) => name) }),
        }),
        testOutput: await textOf(folder.file('test_output.txt')),
        evalScript: await textOf(folder.file('eval.sh')),
        artifacts,
      };
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  };
}

function verdictOf(evaluation: Evaluation): Verdict {
  if ('error' in evaluation) return evaluation.error.kind;
  const { resolved, tests_status, infra_failure_reason } = evaluation.report;
  if (resolved) return 'resolved';
  if (tests_status !== undefined) return 'unresolved';
  return infra_failure_reason === undefined ? 'no-evidence' : 'crashed';
}

function outcomesOf(evaluation: Evaluation): Partial<GradeReport> {
  if ('error' in evaluation) return { patchApplied: evaluation.error.kind !== 'patch-failed' };
  const { report, record } = evaluation;
  const { restoredFiles, exitCode } = record;
  return { patchApplied: report.patch_successfully_applied, restoredFiles, exitCode, ...testsOf(report) };
}

function testsOf({ tests_status: tests }: InstanceReport): Partial<GradeReport> {
  if (tests === undefined) return {};
  const { FAIL_TO_PASS: failToPass, PASS_TO_PASS: passToPass } = tests;
  const testsSeen = [failToPass, passToPass].reduce((sum, one) => sum + one.success.length + one.failure.length, 0);
  return { failToPass, passToPass, testsSeen };
}

async function filesOf(folder: InstanceFolder): Promise<GradeArtifact[]> {
  const files: GradeArtifact[] = [];
  for (const name of KEPT) {
    const data = await readFile(join(folder.path, name)).catch(absent);
    if (data !== null) files.push({ name, data });
  }
  return files;
}

async function textOf(path: string): Promise<string> {
  return (await readFile(path).catch(absent))?.toString() ?? '';
}

/** An evaluation that came to no end has fewer files. */
function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
