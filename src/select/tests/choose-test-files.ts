/** Which test files of the untouched repository are run on candidates: those that lead over imports to what they change, or those that execute it. The hidden tests play no part. */
import { patchPaths } from '../../dataset/patch-paths.ts';
import type { BaseRepository } from './base-repository.ts';
import { measureCoverage } from './executed/measure-coverage.ts';
import { rankByCoverage } from './executed/rank-by-coverage.ts';
import { touchedLines } from './executed/touched-lines.ts';
import { importers } from './import-graph.ts';
import { commandFor, isTestFile } from './test-files.ts';
import type { Testing } from './testing.ts';

export type ChooseTestsBy = 'imports' | 'coverage';

export interface ChosenTestFiles {
  files: string[];
  by: ChooseTestsBy;
  /** Of a choice by coverage: test files that were run for it, and those for which there was no time. */
  measured?: number;
  unmeasured?: number;
  /** Why the choice is by imports though coverage was asked for. */
  why?: string;
}

/** More files than this are not run; those nearest to the change come first. */
const MAX_FILES = 60;
/** More than this are not run for their coverage. */
const MAX_MEASURED = 150;

/** Throws only for infrastructure and `cancelled`. */
export async function chooseTestFiles(
  testing: Testing,
  repository: BaseRepository,
  patches: readonly string[],
  by: ChooseTestsBy,
): Promise<ChosenTestFiles> {
  const byImports = filesByImports(repository, patches);
  const chosen = (byImports.reached.length > 0 ? byImports.reached : byImports.all).slice(0, MAX_FILES);
  if (by === 'imports') return { files: chosen, by };
  const covered = await filesByCoverage(testing, repository, patches, byImports);
  return typeof covered === 'string' ? { files: chosen, by: 'imports', why: covered } : covered;
}

interface ImportedFiles {
  /** Test files that lead to a changed file, the nearest first. */
  reached: string[];
  all: string[];
}

function filesByImports({ files, imports }: BaseRepository, patches: readonly string[]): ImportedFiles {
  const all = files.filter(isTestFile);
  const changed = [...new Set(patches.flatMap(patchPaths))].filter((path) => !isTestFile(path));
  const tests = new Set(all);
  return { reached: importers(files, imports, changed).filter((path) => tests.has(path)), all };
}

/** Or why there are none. */
async function filesByCoverage(
  testing: Testing,
  repository: BaseRepository,
  patches: readonly string[],
  { reached, all }: ImportedFiles,
): Promise<ChosenTestFiles | string> {
  const { command, parser } = testing.instance.task.grading;
  const touched = touchedLines(patches);
  for (const path of touched.keys()) if (isTestFile(path) || !repository.files.includes(path)) touched.delete(path);
  if (touched.size === 0) return 'no candidate changes a line that was there before';
  const runnable = [...new Set([...reached, ...all])].filter((path) => commandFor(command, parser, [path]) !== null);
  const tests = runnable.slice(0, MAX_MEASURED);
  const { measured, unmeasured } = await measureCoverage(testing, repository, { tests, files: [...touched.keys()] });
  if (measured.every(({ execution }) => execution.size === 0))
    return 'no test file executes a changed file, or none says so';
  const files = rankByCoverage(measured, touched);
  if (files.length === 0) return 'no test file executes a line near a change';
  // What was not measured may execute it as well: it comes last, where it leads there over imports.
  const open = [...unmeasured, ...runnable.slice(MAX_MEASURED)];
  return {
    files: [...files, ...open.filter((path) => reached.includes(path))].slice(0, MAX_FILES),
    by: 'coverage',
    measured: measured.length,
    unmeasured: open.length,
  };
}
