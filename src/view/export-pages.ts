/** The pages as files: every document that the server would answer, beside the front end. Opens from any web server or file host. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AssayError, type Failure, type RunRecord, toFailure } from '../contracts/index.ts';
import { instanceFolder, runPaths } from '../store/run-folder.ts';
import { storeError, systemCode } from '../store/store-error.ts';
import {
  type AttemptDocument,
  type RunsDocument,
  type SiteDocument,
  STEPS_PER_PAGE,
  type TextPartDocument,
} from './documents.ts';
import { findDocument } from './find-document.ts';
import { asFiles, type PageAsset } from './page-assets.ts';
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

export interface ExportedPages {
  runs: number;
  files: number;
  /** What could not be read, a sentence each: its pages say so. */
  problems: string[];
}

/** The folder appears when all is in it. Throws `config-invalid` when something is there already, `run-not-found`, `disk-full`, `io`. */
export async function exportPages(options: ExportOptions): Promise<ExportedPages> {
  const { folder } = options;
  await demandEmpty(folder);
  const temporary = join(dirname(folder), `.${basename(folder)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await mkdir(temporary, { recursive: true });
    const written = await writePages({ ...options, folder: temporary });
    await rename(temporary, folder);
    return written;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error instanceof AssayError || options.signal.aborted ? error : notWritten(error, folder);
  }
}

async function writePages({ folder, assets, signal, assayVersion, ...options }: ExportOptions): Promise<ExportedPages> {
  const site: SiteDocument = { controls: false, assayVersion };
  const source = { cache: new RunCache(options.runsDir), site };
  const problems: string[] = [];
  let files = 0;
  const write = async (path: string, data: string | Buffer) => {
    signal.throwIfAborted();
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, data);
    files++;
  };
  const writeDocument = async <T extends object>(path: string, told = problems): Promise<T | null> => {
    const document = await findDocument(source, path).catch((error: unknown) => asFailure(error, told));
    if (document === null) throw new RangeError(`no document has the address ${path}`);
    await write(`data/${path}`, JSON.stringify(document));
    return document instanceof Unreadable ? null : (document as T);
  };

  for (const [name, { data }] of assets)
    if (name !== '') await write(name, name === 'index.html' ? asFiles(data) : data);
  await writeDocument('site.json');
  const { runs } = (await findDocument(source, 'runs.json')) as RunsDocument;
  const chosen = options.runIds === undefined ? runs : runs.filter((run) => options.runIds?.includes(run.runId));
  const missing = options.runIds?.find((runId) => !runs.some((run) => run.runId === runId));
  if (missing !== undefined) {
    throw new AssayError('run-not-found', `there is no run ${missing}`, { class: 'input', retryable: false });
  }
  await write('data/runs.json', JSON.stringify({ runs: chosen } satisfies RunsDocument));
  for (const run of chosen) if ('failure' in run) problems.push(`${run.runId}: ${run.failure}`);
  const readable = chosen.filter((run) => !('failure' in run)).map((run) => run.runId);
  for (const runId of readable) await exportRun(await source.cache.run(runId), writeDocument);
  for (const group of comparedGroups(readable)) await writeDocument(`compare/${group.join(',')}.json`);
  // Most runs have no prices, and not every two can be pooled: that is no damage.
  for (const group of new Set(comparedGroups(readable).map((ids) => [...ids].sort().join(','))))
    for (const kind of ['curves', 'payout']) await writeDocument(`${kind}/${group}.json`, []);
  return { runs: chosen.length, files, problems };
}

/** Stands in place of a document that cannot be made; pages show its failure. */
class Unreadable {
  readonly failure: Failure;

  constructor(failure: Failure) {
    this.failure = failure;
  }
}

/** What is damaged, refused, or cannot be made of these runs; anything else is an error of the program. */
function asFailure(error: unknown, problems: string[]): Unreadable {
  if (!(error instanceof AssayError)) throw error;
  const failure = toFailure(error);
  if (!problems.includes(failure.message)) problems.push(failure.message);
  return new Unreadable(failure);
}

type WriteDocument = <T extends object>(path: string) => Promise<T | null>;

async function exportRun(record: RunRecord, writeDocument: WriteDocument): Promise<void> {
  const { runId } = record.manifest;
  await writeDocument(`runs/${runId}/run.json`);
  for (const attempt of record.attempts) {
    const folder = instanceFolder(attempt.instanceId);
    const path = `runs/${runId}/attempts/${folder}/${attempt.attempt}`;
    await writeDocument(`${path}/notes.json`);
    await writeDocument(`${path}/patch.json`);
    await writeDocument(`${path}/test-log.json`);
    const document = await writeDocument<AttemptDocument>(`${path}/attempt.json`);
    const pages = Math.ceil((document?.steps.length ?? 0) / STEPS_PER_PAGE);
    for (let page = 0; page < pages; page++) await writeDocument(`${path}/steps-${page}.json`);
  }
  for (const hex of await blobNames(runPaths(record.dir).blobs)) {
    const first = await writeDocument<TextPartDocument>(`runs/${runId}/blobs/${hex}-0.json`);
    for (let part = 1; part < (first?.parts ?? 0); part++)
      await writeDocument(`runs/${runId}/blobs/${hex}-${part}.json`);
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
    throw notWritten(error, folder);
  });
  if (names.length === 0) return;
  throw new AssayError('config-invalid', `${folder} is not empty`, {
    class: 'input',
    retryable: false,
    hint: 'Name a new folder: files of an earlier export would be shown as well.',
  });
}

function notWritten(error: unknown, folder: string): AssayError {
  const { code, message } = storeError(error, folder);
  const hint = code === 'disk-full' ? 'Free disk space, then export again.' : 'Name another folder.';
  return new AssayError(code, message, { class: 'infra', retryable: true, hint, cause: error });
}
