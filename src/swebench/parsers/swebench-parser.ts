/** What every log parser of SWE-bench is: text of a test run to test id -> status, in order of first appearance. Statuses are what the log says, also odd text. */
export type StatusMap = Map<string, string>;

export interface ParseOptions {
  /** Rules of harness 5: ids with spaces, summaries of skipped tests left out. */
  modern: boolean;
  /** Rules of harness 1. */
  early?: boolean;
  /** A few repositories changed their runner: the parser depends on the instance. */
  instanceId?: string;
  version?: string;
}

/** Pure. Throws where the reference does: an instance the parser does not know, damaged JSON or XML. */
export type SwebenchParser = (log: string, options: ParseOptions) => StatusMap;
