/** The process that holds the sandboxes of `assay serve`. Argument: what it shall be, as JSON. Its output goes to `serve/keeper.log` below the Assay home. */
import { toFailure } from '../contracts/index.ts';
import { createAssayServer } from '../serve/assay-server.ts';
import { keep } from '../serve/keeper/keeper.ts';
import { keeperIdentitySchema } from '../serve/keeper/keeper-protocol.ts';
import { openEngine } from './compose.ts';
import { openImageDesk } from './open-sandboxes.ts';
import { surviveFullLog, tell } from './output.ts';

const say = (error: unknown) => tell(`${new Date().toISOString()} ${toFailure(error).message}`);
surviveFullLog();
const told = new AbortController();
process.on('SIGHUP', () => {});
process.on('SIGINT', () => {}); // of a terminal: the listener decides
process.on('SIGTERM', () => told.abort());

try {
  const identity = keeperIdentitySchema.parse(JSON.parse(process.argv[2] ?? ''));
  const engine = await openEngine(identity);
  try {
    await engine.backend.gc(); // what a keeper that was killed has left
    const { home } = engine.paths;
    const server = createAssayServer({
      backend: engine.backend,
      images: openImageDesk(identity, engine.imageSupply),
      hostBase: identity.sandbox === 'native' ? engine.hostBase : undefined,
      home,
      onError: say,
    });
    await keep({ server, identity, home, signal: told.signal });
  } finally {
    await engine.close();
  }
} catch (error) {
  say(error);
  process.exitCode = 3;
}
