/** Lines of one file that a test file executes, from 1. What runs when a module is loaded runs for everybody who imports it, and says little. */
export interface ExecutedLines {
  inFunctions: ReadonlySet<number>;
  atImport: ReadonlySet<number>;
}

/** By path of the executed file. */
export type Execution = ReadonlyMap<string, ExecutedLines>;

/** Both together. */
export function joinExecutions(executions: readonly Execution[]): Map<string, ExecutedLines> {
  const joined = new Map<string, { inFunctions: Set<number>; atImport: Set<number> }>();
  for (const execution of executions) {
    for (const [path, { inFunctions, atImport }] of execution) {
      const lines = joined.get(path) ?? { inFunctions: new Set(), atImport: new Set() };
      joined.set(path, lines);
      for (const line of inFunctions) lines.inFunctions.add(line);
      for (const line of atImport) lines.atImport.add(line);
    }
  }
  return joined;
}
