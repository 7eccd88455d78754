/** A shared store by its URL. Clients of services are loaded only when one is used. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssayError, type SharedStore } from '../contracts/index.ts';
import { openFileSharedStore } from './file-shared-store.ts';
import { openPostgresSharedStore } from './postgres-shared-store.ts';
import { openS3SharedStore } from './s3-shared-store.ts';

export const STORE_URL_HELP = 'a folder that all hosts mount, s3://BUCKET/PREFIX or postgres://USER@HOST/DATABASE';

/** Throws `usage` for a URL that is none of these or holds a password, and what the kind of store throws. */
export async function openSharedStore(reference: string): Promise<SharedStore> {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(reference) ? parse(reference) : undefined;
  if (url === undefined) return await openFileSharedStore(resolve(reference));
  if (url.password !== '')
    throw usage('A password does not belong into the URL of a store, where logs and process lists show it.');
  switch (url.protocol) {
    case 'file:':
      return await openFileSharedStore(fileURLToPath(url));
    case 's3:':
      return await openS3SharedStore(url);
    case 'postgres:':
    case 'postgresql:':
      return await openPostgresSharedStore(url);
    default:
      throw usage(`${JSON.stringify(reference)} is no shared store`);
  }
}

/** As it may stand in the record of a run: the same place for every folder it is named from. */
export function storeReference(reference: string): string {
  return reference.includes('://') ? reference : resolve(reference);
}

function parse(reference: string): URL {
  if (!URL.canParse(reference)) throw usage(`${JSON.stringify(reference)} is no URL`);
  return new URL(reference);
}

function usage(message: string): AssayError {
  return new AssayError('usage', message, {
    class: 'input',
    retryable: false,
    hint: `Name ${STORE_URL_HELP}; credentials come from the environment.`,
  });
}
