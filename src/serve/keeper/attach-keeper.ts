/** Finds the keeper of an Assay home, or starts one. */
import { join } from 'node:path';
import { startCompanion } from '../../base/companion-process.ts';
import { withFileLock } from '../../base/file-lock.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { readRecord } from '../../base/read-record.ts';
import { AssayError } from '../../contracts/index.ts';
import { keeperRecordPath } from './keeper.ts';
import { KeeperLink } from './keeper-link.ts';
import { type KeeperIdentity, keeperRecordSchema } from './keeper-protocol.ts';

export interface KeeperPlace {
  home: string;
  /** What is wanted of it. */
  identity: KeeperIdentity;
  /** Main file of a keeper, relative to the URL `beside`, without its ending. Its argument is the identity as JSON. */
  main: string;
  beside: string;
  /** Told what the operator should know. */
  onNews(sentence: string): void;
}

const START_MS = 60_000;
/** What must be equal for sandboxes to be of one kind. */
const KIND = ['sandbox', 'tier', 'cluster'] as const;

/**
 * A keeper that holds sandboxes is taken as it is, also an older version; an empty one of another version or kind is replaced. Throws `usage` when another listener has it,
 * or it holds sandboxes of another kind, `sandbox-unavailable` with its last words when it does not come up.
 */
export async function attachKeeper(place: KeeperPlace): Promise<KeeperLink> {
  const folder = join(place.home, 'serve');
  await makeFolder(folder);
  return withFileLock(join(folder, 'keeper.lock'), AbortSignal.timeout(2 * START_MS), async () => {
    const link = await linkTo(place.home);
    if (link !== undefined && (await isFit(link, place))) return link;
    await link?.end();
    return launch(place, folder);
  });
}

async function isFit(link: KeeperLink, { identity, onNews }: KeeperPlace): Promise<boolean> {
  const { live, ...found } = await link.state();
  const isSameKind = KIND.every((name) => found[name] === identity[name]);
  if (live === 0) return isSameKind && found.version === identity.version;
  if (!isSameKind) {
    link.leave();
    const where = found.cluster === undefined ? '' : ` and ASSAY_KUBERNETES=${found.cluster}`;
    throw new AssayError('usage', `${live} live sandboxes of kind ${found.sandbox} are held here`, {
      class: 'input',
      retryable: false,
      hint: `Go on with --sandbox ${found.sandbox}${where}, or stop that server with SIGTERM first.`,
    });
  }
  onNews(`goes on with ${live} live ${live === 1 ? 'sandbox' : 'sandboxes'}`);
  if (found.version !== identity.version)
    onNews(`they are held by version ${found.version} until none of them lives and the server is started again`);
  return true;
}

async function launch(place: KeeperPlace, folder: string): Promise<KeeperLink> {
  const link = await startCompanion(
    {
      beside: place.beside,
      main: place.main,
      args: [JSON.stringify(place.identity)],
      env: process.env,
      log: join(folder, 'keeper.log'),
      startMs: START_MS,
    },
    (pid) => linkTo(place.home, pid),
  );
  if (typeof link !== 'string') return link;
  throw new AssayError('sandbox-unavailable', `the process that holds the sandboxes did not start: ${link}`, {
    class: 'infra',
    retryable: false,
    hint: 'Run `assay doctor` to see what is missing and how to get it.',
  });
}

/** `pid`: only to this process. */
async function linkTo(home: string, pid?: number): Promise<KeeperLink | undefined> {
  const record = await readRecord(keeperRecordPath(home), keeperRecordSchema);
  if (record === null || (pid !== undefined && record.pid !== pid)) return undefined;
  return KeeperLink.attend(record);
}
