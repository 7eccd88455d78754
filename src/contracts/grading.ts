/** Verdicts and how they come about. */
import { z } from 'zod';
import { failureSchema } from './errors.ts';
import { limitsInForceSchema } from './sandbox.ts';

export const testStatusSchema = z.enum(['PASSED', 'FAILED', 'SKIPPED', 'ERROR', 'XFAIL']);
export type TestStatus = z.infer<typeof testStatusSchema>;

/** Test output to test id -> status, in order of appearance. Pure; never throws on odd text. */
export interface LogParser {
  readonly name: string;
  parse(output: string): Map<string, TestStatus>;
}

/**
 * `resolved`: every FAIL_TO_PASS and PASS_TO_PASS test has positive evidence of passing. `unresolved`: tests ran, not all pass.
 * `empty-patch`, `patch-failed` (does not apply), `crashed` (the runner died), `timeout`, `no-evidence` (no sign that the suite ran): never resolved.
 * `infra-error`: says nothing about the patch.
 */
export const verdictSchema = z.enum([
  'resolved',
  'unresolved',
  'empty-patch',
  'patch-failed',
  'crashed',
  'timeout',
  'no-evidence',
  'infra-error',
]);
export type Verdict = z.infer<typeof verdictSchema>;

export const testOutcomesSchema = z.object({ success: z.array(z.string()), failure: z.array(z.string()) });

/** `report.json` of one attempt. */
export const gradeReportSchema = z.object({
  instanceId: z.string(),
  verdict: verdictSchema,
  resolved: z.boolean(),
  patchApplied: z.boolean(),
  failToPass: testOutcomesSchema,
  passToPass: testOutcomesSchema,
  /** Number of tests the parser saw in all. */
  testsSeen: z.number().int(),
  exitCode: z.number().int().nullable(),
  durationMs: z.number(),
  /** Files of the patch that were put back before the tests ran (test files, runner configuration). */
  restoredFiles: z.array(z.string()),
  failure: failureSchema.optional(),
  /** Of tasks whose tests are tried more than once: which run of the tests passed, from 1; null when none did. */
  passedOnTry: z.number().int().nullable().optional(),
  /** Runs of the tests that were made. */
  tries: z.number().int().optional(),
  /** Names of the files that the tests left (screenshots, traces), in the order of their names. */
  artifacts: z.array(z.string()).optional(),
  sandbox: z.object({ backend: z.string(), tier: z.string(), limitsInForce: limitsInForceSchema }).optional(),
  /** Digest of patch + environment + grading script: what this verdict is a verdict of. */
  gradeDigest: z.string(),
});
export type GradeReport = z.infer<typeof gradeReportSchema>;

/** A file that the tests of an attempt left: a screenshot, a trace. */
export interface GradeArtifact {
  /** A plain file name, no folder. */
  name: string;
  data: Buffer;
}
