/**
 * Runs on their way into a folder of runs. They are written beside the runs, in a folder that no command takes for one, and get their own name when they are whole: a killed import
 * leaves nothing that looks like a run. What it leaves is removed by the next import.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { livenessOf, ownIdentity, processIdentitySchema } from '../base/process-identity.ts';
import { removeTree } from '../base/remove-tree.ts';
import { makeDurableFolder, syncFolder } from '../store/durable-folder.ts';

export interface RunStaging {
  /** Folder to make runs in. */
  readonly dir: string;
  /** Gives a whole, closed run its place and returns it; with `replace` a run that has the place is removed. Throws the system's error: `ENOTEMPTY` where another run has come meanwhile. */
  publish(runId: string, replace: boolean): Promise<string>;
  /** Removes what was not published. Idempotent. */
  dispose(): Promise<void>;
}

const PREFIX = '.import-';
const OWNER = 'owner.json';
/** When nobody can say whether the owner still lives, its folder is given up after this long. */
const STALE_MS = 24 * 60 * 60 * 1000;

/** Makes `runsDir` where it is missing, and removes the folders of imports that ended early. */
export async function openStaging(runsDir: string): Promise<RunStaging> {
  const place = resolve(runsDir);
  await makeDurableFolder(place);
  await removeLeftovers(place);
  const dir = await mkdtemp(join(place, PREFIX));
  await writeFile(join(dir, OWNER), JSON.stringify(await ownIdentity()));
  return {
    dir,
    async publish(runId, replace) {
      const target = join(place, runId);
      if (replace) await setAside(target, join(dir, 'replaced'));
      await rename(join(dir, runId), target);
      await syncFolder(place);
      return target;
    },
    dispose: () => removeTree(dir),
  };
}

/** Nothing for nothing there. */
async function setAside(run: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await rename(run, join(folder, basename(run))).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function removeLeftovers(place: string): Promise<void> {
  for (const name of await readdir(place)) {
    const dir = join(place, name);
    if (name.startsWith(PREFIX) && (await isGivenUp(dir))) await removeTree(dir);
  }
}

async function isGivenUp(dir: string): Promise<boolean> {
  const owner = await readOwner(dir);
  const liveness = owner === undefined ? 'unknown' : await livenessOf(owner, await ownIdentity());
  if (liveness !== 'unknown') return liveness === 'dead';
  const about = await stat(dir).catch(() => undefined);
  return about !== undefined && Date.now() - about.mtimeMs > STALE_MS;
}

/** Undefined when the import has not come to name itself, or the machine lost power while it did. */
async function readOwner(dir: string) {
  try {
    return processIdentitySchema.parse(JSON.parse(await readFile(join(dir, OWNER), 'utf8')));
  } catch {
    return undefined;
  }
}
