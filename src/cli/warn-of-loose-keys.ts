import type { KeyStore } from '../serve/keys/key-store.ts';
import { tell } from './output.ts';

/** Says so when others may read or write the file of keys. */
export function warnOfLooseKeys(keys: KeyStore): void {
  const mode = keys.looseMode();
  if (mode !== undefined) tell(`warning: others may open ${keys.path} (mode ${mode}): chmod 600 it`);
}
