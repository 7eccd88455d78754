/** Files beside an attempt's events. */
import { join } from 'node:path';
import type { ArtifactName } from '../contracts/index.ts';
import { readStored } from './open-stored.ts';
import { storeError, systemCode } from './store-error.ts';

/** Null when there is none. Throws `store-invalid`, `io`. */
export async function readArtifact(folder: string, name: ArtifactName): Promise<string | null> {
  const path = join(folder, name);
  try {
    return (await readStored(path)).toString('utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw storeError(error, path);
  }
}
