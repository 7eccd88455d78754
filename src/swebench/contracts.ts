/** SWE-bench in Assay's words: rows, predictions and per-instance reports, with the field names of the public data so that files can be compared byte by byte. */

/** How an expected test is judged: `fail_only` counts a test as passed unless its failure was printed. */
export type EvalType = 'pass_and_fail' | 'fail_only';

/** Rules of which harness generation apply: 4 stands for 2.x-4.x, 5 for 5.x. */
export type Compat = 4 | 5;

/** Logs can be judged by the rules of harness 1 as well (early 2024, before containers). */
export type LogRules = 1 | Compat;

/** One row of a SWE-bench-like data set. Fields that older rows lack are derived when the data set is loaded, where a rule for them exists. */
export interface SwebenchInstance {
  instance_id: string;
  repo: string;
  version: string;
  base_commit: string;
  /** The issue: what an agent is told. */
  problem_statement?: string;
  environment_setup_commit?: string;
  patch: string;
  test_patch: string;
  FAIL_TO_PASS: readonly string[];
  PASS_TO_PASS: readonly string[];
  /** OCI reference of the published environment. */
  image?: string;
  eval_script?: string;
  log_parser?: string;
  eval_type: EvalType;
  /** Files that tests of Multimodal rows compare with. */
  image_assets: ImageAssets;
}

export interface ImageAssets {
  test_patch: readonly ImageAsset[];
  patch: readonly ImageAsset[];
}

export interface ImageAsset {
  path: string;
  url: string;
}

/** One line of a predictions file. A patch of `null` or `''` counts as "no answer"; white space does not. */
export interface Prediction {
  instance_id: string;
  model_name_or_path: string;
  model_patch: string | null;
}

/** Test ids by outcome; order is that of the row. */
export interface TestOutcomes {
  success: string[];
  failure: string[];
}

/** What stands under the instance id in `report.json`; the order of the keys is part of the format. */
export interface InstanceReport {
  patch_is_None: boolean;
  patch_exists: boolean;
  patch_successfully_applied: boolean;
  resolved: boolean;
  infra_failure?: boolean;
  infra_failure_reason?: string;
  tests_status?: {
    FAIL_TO_PASS: TestOutcomes;
    PASS_TO_PASS: TestOutcomes;
    FAIL_TO_FAIL: TestOutcomes;
    PASS_TO_FAIL: TestOutcomes;
  };
}
