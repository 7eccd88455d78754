/** One attempt as selection sees it. It has no verdict: the hidden tests play no part in a choice. */

/** What running tests on a candidate brought. `missing`: there is no report, and `why` says what stood in the way. */
export type TestReport = { kind: 'report'; broken: readonly string[] } | { kind: 'missing'; why: string };

export interface CandidateTests {
  /** Of the tests that pass on the untouched repository, those that no longer pass. Null: no test was kept for this instance. */
  regression: TestReport | null;
  /** `broken` is empty when the candidate passes the reproduction test. Null: there is none for this instance. */
  reproduction: TestReport | null;
}

export interface Candidate {
  /** Place in the order in which the attempts at the instance were made, from 1. */
  attempt: number;
  patch: string;
  /** Equal keys are equal patches; null for one without effect. */
  vote: string | null;
  /** By the critic that chooses; null when it could give none. Higher is better. */
  score: number | null;
  /** Absent when no tests were run. */
  tests?: CandidateTests;
}
