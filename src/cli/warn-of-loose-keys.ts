import type { KeyStore } from '../serve/keys/key-store.ts';
import { tell } from './output.ts';

/** Says so when others may read or write the file of keys. */
export async function warnOfLooseKeys(keys: KeyStore): Promise<void> {
  const mode = await keys.looseMode();
  if (mode !== undefined) tell(`warning: others may open ${keys.path} (mode ${mode}): chmod 600 it`);
}
