/** The language of an instance, from its gold patch: most sets do not name one. */
import { extname } from 'node:path';
import type { TaskFile } from '../../contracts/index.ts';
import { patchPaths } from '../../dataset/patch-paths.ts';

type Language = TaskFile['language'];

const BY_EXTENSION: Readonly<Record<string, Language>> = {
  '.py': 'python',
  '.pyx': 'python',
  '.js': 'javascript',
  '.jsx': 'javascript',
  '.mjs': 'javascript',
  '.cjs': 'javascript',
  '.ts': 'typescript',
  '.tsx': 'typescript',
  '.go': 'go',
  '.rs': 'rust',
  '.java': 'java',
  '.kt': 'java',
  '.rb': 'ruby',
  '.php': 'php',
  '.c': 'c',
  '.h': 'c',
  '.cc': 'cpp',
  '.cpp': 'cpp',
  '.hpp': 'cpp',
};

/** The language of most of the files that the patch changes; `python`, of which most rows are, when none is known. */
export function languageOf(patch: string): Language {
  const counts = new Map<Language, number>();
  for (const path of patchPaths(patch)) {
    const language = BY_EXTENSION[extname(path).toLowerCase()];
    if (language !== undefined) counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? 'python';
}
