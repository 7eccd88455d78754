/** A shared store by its URL. Clients of services are loaded only when one is used. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssayError, type SharedStore } from '../contracts/index.ts';
import { openFileSharedStore } from './file-shared-store.ts';
import { openPostgresSharedStore } from './postgres-shared-store.ts';
import { openS3SharedStore } from './s3-shared-store.ts';
import { isKeyWord } from './shared-key.ts';

export const STORE_URL_HELP = 'a folder that all hosts mount, s3://BUCKET/PREFIX or postgres://USER@HOST/DATABASE';

/** Of a PostgreSQL URL. Its client takes any setting from a URL, passwords and paths of keys among them: those come from the environment. */
const QUERY_WORDS: ReadonlySet<string> = new Set(['sslmode', 'application_name']);

/** `create: false`: a folder must be a store already. Throws `usage` for a URL that is none of these or holds a password, and what the kind of store throws. */
export async function openSharedStore(reference: string, { create = true } = {}): Promise<SharedStore> {
  const url = parse(reference);
  if (url === undefined) return await openFileSharedStore(resolve(reference), { create });
  switch (url.protocol) {
    case 'file:':
      return await openFileSharedStore(fileURLToPath(url), { create });
    case 's3:':
      return await openS3SharedStore(url);
    default:
      return await openPostgresSharedStore(url);
  }
}

/** As it may stand in the record of a run: the same place for every folder it is named from. Throws `usage`. */
export function storeReference(reference: string): string {
  return parse(reference)?.href ?? resolve(reference);
}

/** Undefined for a folder. Throws `usage` for what is no place of a store; its words are in no message, as they may hold a secret. */
function parse(reference: string): URL | undefined {
  if (reference.trim() === '') throw usage('The name of the shared store is empty.');
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(reference)) return undefined;
  if (!URL.canParse(reference)) throw usage('That is no URL of a shared store.');
  const url = new URL(reference);
  if (url.password !== '')
    throw usage('A password does not belong into the URL of a store, where logs and process lists show it.');
  const check = PROBLEMS[url.protocol];
  if (check === undefined) throw usage(`${url.protocol}// names no shared store.`);
  const problem = check(url);
  if (problem !== null) throw usage(problem);
  return url;
}

const PROBLEMS: Record<string, (url: URL) => string | null> = {
  'file:': ({ host, search }) =>
    host === '' && search === '' ? null : 'A file URL of a store has a path and nothing else.',
  's3:': ({ hostname, pathname, search, username }) => {
    if (hostname === '' || username !== '' || search !== '')
      return 'A bucket and a prefix make the URL of a store in S3.';
    return pathname.split('/').every((word) => word === '' || (isKeyWord(word) && !word.includes('%')))
      ? null
      : 'The prefix holds what a key may not hold.';
  },
  'postgres:': postgresProblem,
  'postgresql:': postgresProblem,
};

function postgresProblem({ searchParams }: URL): string | null {
  const words = [...searchParams.keys()].filter((word) => !QUERY_WORDS.has(word));
  return words.length === 0 ? null : `The URL of a database may not set ${words.join(', ')}: the environment does.`;
}

function usage(message: string): AssayError {
  return new AssayError('usage', message, {
    class: 'input',
    retryable: false,
    hint: `Name ${STORE_URL_HELP}; credentials come from the environment.`,
  });
}
