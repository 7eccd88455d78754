/** The documents of the web UI by their addresses below `data/` (`documents.ts`). */
import { AssayError } from '../contracts/index.ts';
import { readNotes } from '../store/attempt-notes.ts';
import { BlobStore } from '../store/blob-store.ts';
import { runPaths } from '../store/run-folder.ts';
import { attemptDocument, rawStepDocument, stepsDocument, textFileDocument } from './attempt-documents.ts';
import type { AttemptIndex } from './attempt-index.ts';
import { blobPart } from './blob-part.ts';
import { type SiteDocument, STEPS_PER_PAGE } from './documents.ts';
import { requestDocument, stepRequest } from './request-document.ts';
import type { RunCache } from './run-cache.ts';
import { compareDocument, runDocument } from './run-documents.ts';
import { runsDocument, runsDocumentSoon } from './runs-document.ts';
import { curvesDocument, payoutDocument } from './selection-documents.ts';

/** A table without the runs that take longer to read is better than none. */
const TABLE_MS = 100;
/** Every two of them are compared. */
const MAX_COMPARED = 24;
/** Longer than reading a log of a megabyte takes. */
const SOON_MS = 30;

interface DocumentSource {
  cache: RunCache;
  site: SiteDocument;
}

type Parameters = Record<string, string>;

interface Route {
  /** Segments; `:name` stands for any. */
  pattern: RegExp;
  read(source: DocumentSource, parameters: Parameters): Promise<object>;
}

const RUN = '(?<run>[^/]+)';
const RUNS = '(?<runs>[^/]+)';
const ATTEMPT = `runs/${RUN}/attempts/(?<folder>[^/]+)/(?<attempt>[1-9]\\d{0,8})`;
const route = (pattern: string, read: Route['read']): Route => ({ pattern: new RegExp(`^${pattern}\\.json$`), read });

const ROUTES: readonly Route[] = [
  route('site', async ({ site }) => site),
  route('runs', async ({ cache }) => await runsDocument(cache)),
  route('runs-soon', async ({ cache }) => await runsDocumentSoon(cache, TABLE_MS)),
  route(`runs/${RUN}/run`, async ({ cache }, { run = '' }) => runDocument(await cache.run(run))),
  route(`${ATTEMPT}/attempt`, async (source, at) => await attemptDocument(await locate(source, at))),
  route(
    `${ATTEMPT}/attempt-(?:soon|since-(?<known>[0-9a-f]{16}-\\d{1,15}))`,
    async (source, at) => await attemptDocument(await locate(source, at, opensWithin(SOON_MS)), at.known ?? ''),
  ),
  route(`${ATTEMPT}/steps-(?<page>\\d{1,6})`, async (source, at) => {
    const page = Number(at.page);
    return await stepsDocument(await locate(source, at, hasPage(page)), page);
  }),
  route(`${ATTEMPT}/raw-(?<step>[1-9]\\d{0,8})`, async (source, at) => {
    const step = Number(at.step);
    return await rawStepDocument(await locate(source, at, hasStep(step)), step);
  }),
  route(`${ATTEMPT}/request-(?<step>[1-9]\\d{0,8})`, async (source, at) =>
    requestDocument(await find(source, at), Number(at.step)),
  ),
  route(
    `${ATTEMPT}/request-(?<step>[1-9]\\d{0,8})-whole`,
    async (source, at) => (await stepRequest(await find(source, at), Number(at.step))).request,
  ),
  route(`${ATTEMPT}/notes`, async (source, at) => await readNotes(await attemptFolder(source, at))),
  route(
    `${ATTEMPT}/patch`,
    async (source, at) => await textFileDocument(await attemptFolder(source, at), 'patch.diff'),
  ),
  route(
    `${ATTEMPT}/test-log`,
    async (source, at) => await textFileDocument(await attemptFolder(source, at), 'test_output.txt'),
  ),
  route(`runs/${RUN}/blobs/(?<hex>[0-9a-f]{64})-(?<part>\\d{1,6})`, async ({ cache }, { run = '', hex = '', part }) =>
    blobPart(new BlobStore(runPaths(cache.dirOf(run)).blobs), hex, Number(part)),
  ),
  route(`compare/${RUNS}`, async (source, at) => compareDocument(await records(source, at))),
  route(`curves/${RUNS}`, async (source, at) => await curvesDocument(await records(source, at))),
  route(`payout/${RUNS}`, async (source, at) => await payoutDocument(await records(source, at))),
];

/**
 * The document at a path such as `runs/R/run.json`, whose segments are decoded already. Null when no document has such an address. Throws `run-not-found`,
 * `instance-not-found`, `store-invalid`, `io`.
 */
export async function findDocument(source: DocumentSource, path: string): Promise<object | null> {
  for (const { pattern, read } of ROUTES) {
    const match = pattern.exec(path);
    if (match !== null) return await read(source, { ...match.groups });
  }
  return null;
}

type Enough = (index: AttemptIndex) => boolean;

async function locate({ cache }: DocumentSource, { run = '', folder = '', attempt }: Parameters, enough?: Enough) {
  return await cache.attempt(run, folder, Number(attempt), enough);
}

async function find({ cache }: DocumentSource, { run = '', folder = '', attempt }: Parameters) {
  return await cache.find(run, folder, Number(attempt));
}

async function attemptFolder(source: DocumentSource, at: Parameters) {
  const { dir, record } = await find(source, at);
  return runPaths(dir).attempt(record);
}

const hasStep =
  (step: number): Enough =>
  ({ steps }) =>
    steps.has(step + 1);

/** The steps of the page and the beginning of the next one, so that the last step is whole. */
const hasPage =
  (page: number): Enough =>
  ({ steps }) =>
    steps.size > (page + 1) * STEPS_PER_PAGE;

/** After so long the first steps must do. */
function opensWithin(ms: number): Enough {
  const end = performance.now() + ms;
  const hasFirst = hasPage(0);
  return (index) => performance.now() > end && hasFirst(index);
}

async function records({ cache }: DocumentSource, { runs = '' }: Parameters) {
  const ids = [...new Set(runs.split(','))];
  if (ids.length > MAX_COMPARED) {
    throw new AssayError('config-invalid', `At most ${MAX_COMPARED} runs are compared at once.`, {
      class: 'input',
      retryable: false,
    });
  }
  return await Promise.all(ids.map((run) => cache.run(run)));
}
