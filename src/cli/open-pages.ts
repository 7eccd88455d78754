/** The web pages over a folder of runs, as `assay view` and `assay serve --view` open them. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assayPaths } from '../base/paths.ts';
import { packageRoot } from '../dataset/package-root.ts';
import { systemCode } from '../store/store-error.ts';
import { loadPageAssets } from '../view/page-assets.ts';
import { startViewServer, type ViewServer } from '../view/view-server.ts';
import { assayVersion } from './version.ts';
import { webControls } from './web-controls.ts';

const KEY_BYTES = 32;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1']);

export interface PagesOptions {
  runsDir: string;
  host: string;
  port: number;
  names: readonly string[];
  /** When pages may start and stop runs; local: when only this machine is listened to. */
  control: string;
}

export interface OpenPages extends ViewServer {
  /** The address, and what pages cannot do, for people. */
  words: string;
}

/** Throws `file-not-found` when the pages are not built, `io` when the port is taken. */
export async function openPages({ runsDir, control, ...where }: PagesOptions): Promise<OpenPages> {
  const assets = await loadPageAssets(join(packageRoot(), 'dist-web'));
  const wanted = control === 'always' || (control === 'local' && LOOPBACK.has(where.host));
  const controlled = wanted && (await isWritable(runsDir));
  const assay = [process.execPath, join(packageRoot(), 'bin/assay.mjs')] as const;
  const controls = controlled ? { controls: webControls({ runsDir, assay }) } : {};
  const savedKey = await keyOfInstallation();
  const server = await startViewServer({
    runsDir,
    assets,
    assayVersion: assayVersion(),
    savedKey,
    ...where,
    ...controls,
  });
  const only = wanted && !controlled ? ', which cannot be written to: pages only read' : '';
  return { ...server, words: `${server.address}\nshows ${runsDir}${only}` };
}

/** The same for every server of this user; one of its own where it cannot be kept. */
async function keyOfInstallation(): Promise<Buffer> {
  const { home } = assayPaths();
  const path = join(home, 'view.key');
  const fresh = randomBytes(KEY_BYTES);
  try {
    await mkdir(home, { recursive: true });
    await writeFile(path, fresh, { flag: 'wx', mode: 0o600 });
    return fresh;
  } catch {
    const kept = await readFile(path).catch(() => fresh);
    return kept.length === KEY_BYTES ? kept : fresh;
  }
}

/** A folder that is not there yet is made with the first run. */
async function isWritable(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK);
    return true;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}
