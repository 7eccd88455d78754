/** What goes into a sandbox that tests with a browser: Playwright and Assay's own scripts (`browser-kit/`), as one archive. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AssayError, type HiddenFile } from '../../contracts/index.ts';
import { packageRoot } from '../../dataset/package-root.ts';
import { readTree } from '../../dataset/read-tree.ts';
import { tarOf } from '../../environment/source-content.ts';

/** Where it lies in the sandbox. */
export const KIT = '/opt/assay';

/** Scripts that both sandboxes need; the one of the application gets no more than these. */
export const RELAY_SCRIPTS = ['relay.mjs', 'wait-for-app.mjs'] as const;

const SCRIPTS = [
  'browser-server.mjs',
  'browser-test.mjs',
  'film.mjs',
  'films-to-webm.mjs',
  'user-session.mjs',
  'webm.mjs',
  ...RELAY_SCRIPTS,
] as const;
/** Playwright's viewers and type declarations run nothing. */
const NOT_NEEDED = /^(types|bin|lib\/vite)\//;
const LIMITS = { files: 5_000, fileBytes: 16 * 1024 ** 2, totalBytes: 64 * 1024 ** 2 };

let kit: Promise<Buffer> | undefined;

/** The archive, made once per process. Throws `io` for an installation that lacks a part. */
export function browserKit(): Promise<Buffer> {
  kit ??= makeKit();
  return kit;
}

export async function kitScript(name: (typeof SCRIPTS)[number]): Promise<Buffer> {
  return readFile(join(packageRoot(), 'browser-kit', name));
}

async function makeKit(): Promise<Buffer> {
  const scripts = await Promise.all(SCRIPTS.map(async (name) => fileOf(name, await kitScript(name))));
  const folder = dirname(createRequire(import.meta.url).resolve('playwright-core/package.json'));
  const { files, problems } = await readTree(folder, folder, LIMITS, 'playwright-core');
  const [problem] = problems;
  if (problem !== undefined) {
    const message = `Playwright cannot be read: ${problem.file}: ${problem.message}`;
    throw new AssayError('io', message, { class: 'infra', retryable: false, hint: 'Install Assay again.' });
  }
  const driver = files
    .filter((file) => !NOT_NEEDED.test(file.path))
    .map((file) => ({ ...file, path: `node_modules/playwright-core/${file.path}` }));
  return tarOf([...scripts, ...driver]);
}

const fileOf = (path: string, content: Buffer): HiddenFile => ({ path, content, mode: 0o644 });
