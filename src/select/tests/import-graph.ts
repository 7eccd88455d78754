/** Who imports whom in a repository, read from lines that look like imports. Approximate and generous: a file too many costs a test run, one too few hides a regression. Pure. */
import { dirname, join, normalize } from 'node:path/posix';

export interface ImportLine {
  path: string;
  text: string;
}

/** Lines of this kind are what `importers` needs, as a pattern for `git grep -E`. */
export const IMPORT_PATTERN = String.raw`^[[:space:]]*(import|from)[[:space:]]|^[[:space:]]*\}[[:space:]]*from[[:space:]]|require\(|import\(|^export .* from `;

/** Files that lead to one of `targets` over imports, the targets included: by the number of steps, then by name. */
export function importers(
  files: readonly string[],
  lines: readonly ImportLine[],
  targets: readonly string[],
): string[] {
  const known = new Set(files);
  const importedBy = new Map<string, Set<string>>();
  for (const { path, text } of lines) {
    for (const target of path.endsWith('.py') ? pythonTargets(path, text) : scriptTargets(path, text)) {
      if (!known.has(target) || target === path) continue;
      importedBy.set(target, (importedBy.get(target) ?? new Set()).add(path));
    }
  }
  const found = new Set<string>();
  for (let layer = [...targets].sort(); layer.length > 0; ) {
    for (const path of layer) found.add(path);
    const next = layer.flatMap((path) => [...(importedBy.get(path) ?? [])]);
    layer = [...new Set(next)].filter((path) => !found.has(path)).sort();
  }
  return [...found];
}

/** Folders that packages may lie in. */
const ROOTS = ['', 'src/', 'lib/'];

function pythonTargets(path: string, text: string): string[] {
  const from = /^\s*from\s+(\.*)([\w.]*)\s+import\s+(.*)$/.exec(text);
  if (from !== null) {
    const [, dots = '', module = '', names = ''] = from;
    const inner = names
      .replace(/[()\\#].*$/, '')
      .split(',')
      .flatMap((name) => /^\s*(\w+)/.exec(name)?.[1] ?? []);
    const bases = dots === '' ? ROOTS : [relativeFolder(path, dots.length)];
    return bases.flatMap((base) => {
      const place = module.replaceAll('.', '/');
      const folder = `${base}${place}${place === '' ? '' : '/'}`;
      return [...moduleFiles(`${base}${place}`), ...inner.flatMap((name) => moduleFiles(`${folder}${name}`))];
    });
  }
  const plain = /^\s*import\s+(.+)$/.exec(text)?.[1] ?? '';
  return plain.split(',').flatMap((name) => {
    const place = /^\s*([\w.]+)/.exec(name)?.[1]?.replaceAll('.', '/');
    return place === undefined ? [] : ROOTS.flatMap((root) => moduleFiles(`${root}${place}`));
  });
}

/** A module and the packages around it: importing `a.b.c` runs `a/__init__.py` too. */
function moduleFiles(place: string): string[] {
  if (place === '') return ['__init__.py'];
  const parts = place.split('/').filter((part) => part !== '');
  const packages = parts.map((_, at) => `${parts.slice(0, at + 1).join('/')}/__init__.py`);
  return [`${parts.join('/')}.py`, ...packages];
}

function relativeFolder(path: string, dots: number): string {
  let folder = dirname(path);
  for (let up = 1; up < dots; up++) folder = dirname(folder);
  return folder === '.' ? '' : `${folder}/`;
}

const ENDINGS = [
  '',
  '.js',
  '.mjs',
  '.cjs',
  '.jsx',
  '.ts',
  '.mts',
  '.cts',
  '.tsx',
  '/index.js',
  '/index.mjs',
  '/index.cjs',
  '/index.ts',
];

function scriptTargets(path: string, text: string): string[] {
  return [...text.matchAll(/(?:from|require\(|import\(|import)\s*\(?\s*['"](\.[^'"]*)['"]/g)].flatMap(
    ([, name = '']) => {
      const place = normalize(join(dirname(path), name)).replace(/\/$/, '');
      // TypeScript names the file that its source becomes.
      const source = place.replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
      return [...ENDINGS.map((ending) => `${place === '.' ? '' : place}${ending}`.replace(/^\//, '')), source];
    },
  );
}
