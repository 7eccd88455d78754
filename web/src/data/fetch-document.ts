/** Reads the documents of `src/view/documents.ts`, from a live server or a static export alike. */

/** Why a document is not there, as a sentence to show; `hint` says what to do. */
export class DocumentError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = 'DocumentError';
    this.hint = hint;
  }
}

/** `path` below `data/`, its segments encoded. Throws `DocumentError`, and whatever an aborted fetch throws. */
export async function fetchDocument<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await ask(`data/${path}`, signal === undefined ? {} : { signal })).json()) as T;
}

/** An answer that is not a refusal. Throws like `fetchDocument`. */
export async function ask(address: string, options: RequestInit = {}): Promise<Response> {
  const response = await fetch(address, options).catch((error: unknown) => {
    if (options.signal?.aborted === true) throw error;
    throw new DocumentError(
      'The server does not answer.',
      'Start `assay view` again and open the address that it prints.',
    );
  });
  if (response.ok) return response;
  const body = (await response.json().catch(() => null)) as { failure?: { message?: string; hint?: string } } | null;
  const message = body?.failure?.message ?? `The server answered with status ${response.status}.`;
  throw new DocumentError(message, body?.failure?.hint ?? hintFor(response.status));
}

function hintFor(status: number): string {
  if (status === 404) return 'Go back to the table of runs: it may have been removed.';
  return status === 401
    ? 'The address has the token in it; it is another one after each start.'
    : 'Load the page again.';
}

/** The address of a run's documents. */
export const runPath = (runId: string) => `runs/${encodeURIComponent(runId)}`;

export function attemptPath(runId: string, folder: string, attempt: number): string {
  return `${runPath(runId)}/attempts/${encodeURIComponent(folder)}/${attempt}`;
}
