/** The built front end: which file an address means. Only files that were there at the start are served, so no address leads out of the folder. */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { AssayError } from '../contracts/index.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface PageAsset {
  type: string;
  data: Buffer;
  /** The name holds a digest of the content. */
  unchanging: boolean;
}

/** The page of an export: it knows before it has read anything that nobody answers questions or tells of news. */
export function asFiles(page: Buffer): string {
  return page.toString('utf8').replace('name="assay-pages" content="live"', 'name="assay-pages" content="files"');
}

/** All files of the built front end by their path, `index.html` as `''` too. Throws `file-not-found` when it has not been built. */
export async function loadPageAssets(folder: string): Promise<Map<string, PageAsset>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const assets = new Map<string, PageAsset>();
  for (const entry of names.filter((one) => one.isFile() && extname(one.name) in TYPES)) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1).replaceAll('\\', '/');
    const type = TYPES[extname(name)] ?? '';
    assets.set(name, { type, data: await readFile(path), unchanging: name.startsWith('assets/') });
  }
  const index = assets.get('index.html');
  if (index === undefined) {
    throw new AssayError('file-not-found', `The web pages are not built: there is no ${join(folder, 'index.html')}.`, {
      class: 'input',
      retryable: false,
      hint: 'Run `npm run build` in the folder of Assay.',
    });
  }
  return assets.set('', index);
}
