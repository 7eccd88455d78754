/** The table of all runs, damaged ones with what is wrong with them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { toFailure } from '../contracts/index.ts';
import { readManifest } from '../store/load-run-record.ts';
import type { RunLine, RunsDocument } from './documents.ts';
import type { RunCache } from './run-cache.ts';
import { runLine } from './run-documents.ts';

/** What was last said of each run: of one that is read anew it is still nearly true. */
const lastLines = new WeakMap<RunCache, Map<string, RunLine>>();

/** Throws `io`. */
export async function runsDocument(cache: RunCache): Promise<RunsDocument> {
  const runs: RunLine[] = [];
  for (const runId of await cache.ids()) runs.push(await lineOf(cache, runId));
  return { runs };
}

/**
 * What is known after `ms`: of runs whose logs have not been read by then only what their locks say. One is read after the other, so who asks again and again gets them all. Throws
 * `io`.
 */
export async function runsDocumentSoon(cache: RunCache, ms: number): Promise<RunsDocument> {
  const late = sleep(ms, null);
  let isLate = false;
  const runs: RunLine[] = [];
  for (const runId of await cache.ids()) {
    const wanted: boolean = !isLate || cache.isKept(runId);
    const line: RunLine | null = wanted ? await Promise.race([lineOf(cache, runId), late]) : null;
    isLate ||= line === null;
    runs.push(line ?? lastLines.get(cache)?.get(runId) ?? (await unreadLine(cache, runId)));
  }
  return { runs };
}

async function lineOf(cache: RunCache, runId: string): Promise<RunLine> {
  try {
    const line = runLine(await cache.run(runId));
    const lines = lastLines.get(cache) ?? new Map<string, RunLine>();
    lastLines.set(cache, lines.set(runId, line));
    return line;
  } catch (error) {
    return failedLine(runId, error);
  }
}

async function unreadLine(cache: RunCache, runId: string): Promise<RunLine> {
  try {
    const { createdAt, model, agent, dataset } = await readManifest(cache.dirOf(runId));
    return { runId, createdAt, model: model.id, agent: agent.name, dataset: dataset.reference, unread: true };
  } catch (error) {
    return failedLine(runId, error);
  }
}

function failedLine(runId: string, error: unknown): RunLine {
  return { runId, createdAt: '', model: '', agent: '', dataset: '', failure: toFailure(error).message };
}
