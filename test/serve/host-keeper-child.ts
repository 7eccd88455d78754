/** A keeper of sandboxes without isolation. Arguments: identity as JSON; the home is `ASSAY_HOME`. */
import { assayPaths } from '../../src/base/paths.ts';
import { createAssayServer } from '../../src/serve/assay-server.ts';
import { keep } from '../../src/serve/keeper/keeper.ts';
import { keeperIdentitySchema } from '../../src/serve/keeper/keeper-protocol.ts';
import { hostBackend, NO_IMAGES } from './serve-bench.ts';

const identity = keeperIdentitySchema.parse(JSON.parse(process.argv[2] ?? ''));
const backend = hostBackend();
const { home } = assayPaths();
const server = createAssayServer({
  backend,
  images: NO_IMAGES,
  hostBase: undefined,
  home,
  onError: (error) => console.error(error),
});
await keep({ server, identity, home, signal: new AbortController().signal });
await backend.close();
