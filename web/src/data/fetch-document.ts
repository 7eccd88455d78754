/** Reads the documents of `src/view/documents.ts`, from a live server or a static export alike. */

import { authorization } from './session.ts';

/** Why a document is not there, as a sentence to show; `hint` says what to do. */
export class DocumentError extends Error {
  readonly hint: string;
  /** The server has said no, and would again. */
  readonly refused: boolean;

  constructor(message: string, hint: string, refused = false) {
    super(message);
    this.name = 'DocumentError';
    this.hint = hint;
    this.refused = refused;
  }
}

/** Documents that were asked for before the page was there to read them, for one reader each. */
const early = new Map<string, Promise<unknown>>();
/** A document that nobody has read by then is out of date. */
const EARLY_MS = 5_000;

/** Asks for documents that the page is about to read. Whoever reads one is told what goes wrong. */
export function fetchEarly(paths: readonly string[]): void {
  for (const path of paths) {
    const document = fetchDocument(path);
    document.catch(() => {});
    early.set(path, document);
  }
  setTimeout(() => early.clear(), EARLY_MS);
}

/** `path` below `data/`, its segments encoded. Throws `DocumentError`, and whatever an aborted fetch throws. */
export async function fetchDocument<T>(path: string, signal?: AbortSignal): Promise<T> {
  const asked = early.get(path);
  early.delete(path);
  if (asked !== undefined) return (await asked) as T;
  const document: unknown = await (await ask(`data/${path}`, signal === undefined ? {} : { signal })).json();
  const failure = failureOf(document);
  // An export holds this in place of what could not be read.
  if (failure !== null) throw new DocumentError(failure.message, failure.hint ?? 'It could not be exported.', true);
  return document as T;
}

/** An answer that is not a refusal. Throws like `fetchDocument`. */
export async function ask(address: string, options: RequestInit = {}): Promise<Response> {
  const headers = { ...authorization(), ...options.headers };
  const response = await fetch(address, { ...options, headers }).catch((error: unknown) => {
    if (options.signal?.aborted === true) throw error;
    throw new DocumentError(
      'The server does not answer.',
      'Start `assay view` again and open the address that it prints.',
    );
  });
  if (response.ok) return response;
  const failure = failureOf(await response.json().catch(() => null));
  const message = failure?.message ?? `The server answered with status ${response.status}.`;
  throw new DocumentError(message, failure?.hint ?? hintFor(response.status), response.status < 500);
}

function failureOf(body: unknown): { message: string; hint?: string } | null {
  const { failure } = (body ?? {}) as { failure?: { message?: unknown; hint?: string } | null };
  return typeof failure?.message === 'string' ? (failure as { message: string; hint?: string }) : null;
}

function hintFor(status: number): string {
  if (status === 404) return 'Go back to the table of runs: it may have been removed.';
  return status === 401
    ? 'The address has the token in it; it is another one after each start.'
    : 'Load the page again.';
}

/** The table of runs: what is known at once, or all of it. */
export const runsDocumentPath = (live: boolean) => (live ? 'runs-soon.json' : 'runs.json');

/** The address of a run's documents. */
export const runPath = (runId: string) => `runs/${encodeURIComponent(runId)}`;

export const runDocumentPath = (runId: string) => `${runPath(runId)}/run.json`;

/** What a page of an attempt reads first; `path` is that of the attempt. */
export const attemptDocumentPath = (path: string, live: boolean) => `${path}/${live ? 'attempt-soon' : 'attempt'}.json`;
export const stepsDocumentPath = (path: string, page: number) => `${path}/steps-${page}.json`;

export function attemptPath(runId: string, folder: string, attempt: number): string {
  return `${runPath(runId)}/attempts/${encodeURIComponent(folder)}/${attempt}`;
}
