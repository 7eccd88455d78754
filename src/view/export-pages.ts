/** The pages as files: every document that the server would answer, beside the front end. Opens from any web server or file host. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AssayError, type RunRecord } from '../contracts/index.ts';
import { instanceFolder, runPaths } from '../store/run-folder.ts';
import { systemCode } from '../store/store-error.ts';
import { STEPS_PER_PAGE } from './attempt-documents.ts';
import type { RunsDocument, SiteDocument, TextPartDocument } from './documents.ts';
import { findDocument } from './find-document.ts';
import type { PageAsset } from './page-assets.ts';
import { RunCache } from './run-cache.ts';

/** Comparisons of every two of so many runs, the newest, are written; and one of all of them. */
const COMPARED_RUNS = 12;

export interface ExportOptions {
  runsDir: string;
  assets: ReadonlyMap<string, PageAsset>;
  /** Made if need be. Must be empty: what lies there already would be shown as well. */
  folder: string;
  assayVersion: string;
  /** Absent: all runs. */
  runIds?: readonly string[];
  signal: AbortSignal;
}

/** Throws `config-invalid` when the folder has something in it, `run-not-found`, `store-invalid`, `io`. */
export async function exportPages(options: ExportOptions): Promise<{ runs: number; files: number }> {
  const { folder, assets, signal, assayVersion } = options;
  await demandEmpty(folder);
  const site: SiteDocument = { live: false, controls: false, assayVersion };
  const source = { cache: new RunCache(options.runsDir), site };
  let files = 0;
  const write = async (path: string, data: string | Buffer) => {
    signal.throwIfAborted();
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, data);
    files++;
  };
  const writeDocument = async <T extends object>(path: string): Promise<T> => {
    const document = await findDocument(source, path);
    if (document === null) throw new RangeError(`no document has the address ${path}`);
    await write(`data/${path}`, JSON.stringify(document));
    return document as T;
  };

  for (const [name, { data }] of assets) if (name !== '') await write(name, data);
  await writeDocument('site.json');
  const { runs } = (await findDocument(source, 'runs.json')) as RunsDocument;
  const chosen = options.runIds === undefined ? runs : runs.filter((run) => options.runIds?.includes(run.runId));
  const missing = options.runIds?.find((runId) => !runs.some((run) => run.runId === runId));
  if (missing !== undefined) {
    throw new AssayError('run-not-found', `there is no run ${missing}`, { class: 'input', retryable: false });
  }
  await write('data/runs.json', JSON.stringify({ runs: chosen } satisfies RunsDocument));
  const readable = chosen.filter((run) => !('failure' in run)).map((run) => run.runId);
  for (const runId of readable) await exportRun(await source.cache.run(runId), source.cache, writeDocument);
  for (const group of comparedGroups(readable)) await writeDocument(`compare/${group.join(',')}.json`);
  for (const group of new Set(comparedGroups(readable).map((ids) => [...ids].sort().join(','))))
    await exportPlots(group, writeDocument);
  return { runs: chosen.length, files };
}

type WriteDocument = <T extends object>(path: string) => Promise<T>;

async function exportRun(record: RunRecord, cache: RunCache, writeDocument: WriteDocument): Promise<void> {
  const { runId } = record.manifest;
  await writeDocument(`runs/${runId}/run.json`);
  for (const attempt of record.attempts) {
    const folder = instanceFolder(attempt.instanceId);
    const path = `runs/${runId}/attempts/${folder}/${attempt.attempt}`;
    await writeDocument(`${path}/attempt.json`);
    await writeDocument(`${path}/notes.json`);
    await writeDocument(`${path}/patch.json`);
    await writeDocument(`${path}/test-log.json`);
    const { index } = await cache.attempt(runId, folder, attempt.attempt);
    const pages = Math.ceil(index.steps.size / STEPS_PER_PAGE);
    for (let page = 0; page < pages; page++) await writeDocument(`${path}/steps-${page}.json`);
  }
  for (const hex of await blobNames(runPaths(record.dir).blobs)) {
    const first = await writeDocument<TextPartDocument>(`runs/${runId}/blobs/${hex}-0.json`);
    for (let part = 1; part < first.parts; part++) await writeDocument(`runs/${runId}/blobs/${hex}-${part}.json`);
  }
}

/** Curves and payouts do not depend on the order of runs: pages ask for them by sorted ids. What cannot be made here (other tasks, a data set that is gone) is not in the export. */
async function exportPlots(group: string, writeDocument: WriteDocument): Promise<void> {
  for (const kind of ['curves', 'payout']) {
    try {
      await writeDocument(`${kind}/${group}.json`);
    } catch (error) {
      if (!(error instanceof AssayError) || error.failureClass !== 'input') throw error;
    }
  }
}

async function blobNames(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    return names.filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name)).map((entry) => entry.name);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Each run alone, every order of two, since a page may name them in either, and all together in the order of the table. */
function comparedGroups(runIds: readonly string[]): string[][] {
  const newest = runIds.slice(0, COMPARED_RUNS);
  const pairs = newest.flatMap((a) => [[a], ...newest.filter((b) => b !== a).map((b) => [a, b])]);
  return newest.length > 2 ? [...pairs, [...newest]] : pairs;
}

async function demandEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return;
  throw new AssayError('config-invalid', `${folder} is not empty`, {
    class: 'input',
    retryable: false,
    hint: 'Name a new folder: files of an earlier export would be shown as well.',
  });
}
