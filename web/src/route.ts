/** Addresses of the pages: all in the fragment, so that a static export needs no server that knows them. */
import type { SearchScope } from '../../src/view/documents.ts';

export interface AttemptAddress {
  runId: string;
  folder: string;
  attempt: number;
}

export type Route =
  | { page: 'runs' }
  | { page: 'run'; runId: string }
  | ({ page: 'attempt'; step: number | null } & AttemptAddress)
  | { page: 'compare'; runIds: string[] }
  | { page: 'diff'; left: AttemptAddress; right: AttemptAddress }
  | { page: 'search'; text: string; scope: SearchScope; runId: string | null }
  | { page: 'unknown' };

/** `#/run/R/<folder>/2?step=7` and so on; anything else is `unknown`. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const parts = path.split('/').map(decoded);
  if (parts.includes(null)) return { page: 'unknown' };
  const [page, first, folder, attempt] = parts;
  if (page === '' || page == null) return { page: 'runs' };
  if (page === 'search') return searchRoute(new URLSearchParams(query));
  if (page === 'diff') return diffRoute(parts.slice(1).flatMap((part) => part ?? []));
  if (page === 'compare' && first) return { page: 'compare', runIds: first.split(',') };
  if (page !== 'run' || !first) return { page: 'unknown' };
  if (!folder) return { page: 'run', runId: first };
  const step = Number(new URLSearchParams(query).get('step') ?? Number.NaN);
  const asked = Number.isInteger(step) && step > 0 ? step : null;
  return { page: 'attempt', runId: first, folder, attempt: Number(attempt ?? 1), step: asked };
}

/** `#/diff/<folder>/<run>/<n>/<run>/<n>` */
function diffRoute([folder, first, firstAttempt, second, secondAttempt]: readonly string[]): Route {
  if (!folder || !first || !second) return { page: 'unknown' };
  const side = (runId: string, attempt: string | undefined) => ({ runId, folder, attempt: Number(attempt ?? 1) });
  return { page: 'diff', left: side(first, firstAttempt), right: side(second, secondAttempt) };
}

/** Both are attempts at the same instance. */
export function diffHref(left: AttemptAddress, right: AttemptAddress): string {
  const parts = [left.folder, left.runId, String(left.attempt), right.runId, String(right.attempt)];
  return `#/diff/${parts.map(encodeURIComponent).join('/')}`;
}

function searchRoute(query: URLSearchParams): Route {
  const scope = SCOPES.find((one) => one === query.get('in')) ?? 'text';
  return { page: 'search', text: query.get('q') ?? '', scope, runId: query.get('run') };
}

const SCOPES: readonly SearchScope[] = ['text', 'command', 'file'];

export function searchHref(text: string, scope: SearchScope, runId: string | null): string {
  return `#/search?${new URLSearchParams({ q: text, in: scope, ...(runId === null ? {} : { run: runId }) })}`;
}

export const runHref = (runId: string) => `#/run/${encodeURIComponent(runId)}`;
export const compareHref = (runIds: readonly string[]) => `#/compare/${runIds.map(encodeURIComponent).join(',')}`;

export function attemptHref(runId: string, folder: string, attempt: number, step?: number): string {
  const path = `${runHref(runId)}/${encodeURIComponent(folder)}/${attempt}`;
  return step === undefined ? path : `${path}?step=${step}`;
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
