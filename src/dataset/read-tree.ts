/**
 * Reads a folder of a task into memory: files sorted by path, modes reduced to 644 and 755. Symlinks are followed only to files that lie inside `boundary`; other kinds of
 * entries, `.git` folders, unprintable names and folders above the size limits are problems, not content.
 */
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { HiddenFile } from '../contracts/index.ts';
import type { TaskProblem } from './task-problem.ts';

export interface TreeLimits {
  files: number;
  fileBytes: number;
  totalBytes: number;
}

export interface TreeContent {
  files: HiddenFile[];
  problems: TaskProblem[];
}

/** `shown` is the folder's name in messages. A folder that is not there is one problem. */
export async function readTree(
  root: string,
  boundary: string,
  limits: TreeLimits,
  shown: string,
): Promise<TreeContent> {
  const content: TreeContent = { files: [], problems: [] };
  const realBoundary = await realpath(boundary);
  let bytes = 0;

  const visit = async (folder: string): Promise<void> => {
    for (const name of (await readdir(folder)).sort()) {
      const path = join(folder, name);
      const inner = relative(root, path).split(sep).join('/');
      const problem = (message: string) => content.problems.push({ file: `${shown}/${inner}`, message });
      if (/\p{Cc}|\uFFFD/u.test(name)) problem('the name holds characters that cannot be printed');
      else if (name.toLowerCase() === '.git') problem('a repository inside a task folder is not copied; remove it');
      else if ((await lstat(path)).isDirectory()) await visit(path);
      else {
        const refused = await refusal(path, realBoundary);
        if (refused !== null) problem(refused);
        else {
          const { size, mode } = await stat(path);
          bytes += size;
          if (content.files.length >= limits.files) return tooMuch(content, shown, `more than ${limits.files} files`);
          if (bytes > limits.totalBytes) return tooMuch(content, shown, `more than ${mib(limits.totalBytes)}`);
          if (size > limits.fileBytes) problem(`is larger than ${mib(limits.fileBytes)}`);
          else content.files.push({ path: inner, content: await readFile(path), mode: mode & 0o111 ? 0o755 : 0o644 });
        }
      }
    }
  };

  const kind = await stat(root).catch(() => null);
  if (kind === null || !kind.isDirectory()) content.problems.push({ file: shown, message: 'is not a folder' });
  else if (!inside(await realpath(root), realBoundary)) {
    content.problems.push({ file: shown, message: 'is a link to a place outside of the task' });
  } else await visit(root);
  return content;
}

/** Why a path cannot be read as a file of the task, or null when it can. */
export async function refusal(path: string, realBoundary: string): Promise<string | null> {
  const entry = await lstat(path).catch(() => null);
  if (entry === null) return 'does not exist';
  const target = await realpath(path).catch(() => null);
  if (target === null) return 'is a link to nothing';
  if (!inside(target, realBoundary)) return 'leads outside of the task folder';
  if (!(await stat(path)).isFile())
    return entry.isSymbolicLink() ? 'is a link to something that is not a file' : 'is not a regular file';
  return null;
}

/** True for the folder itself and everything below it. */
export function inside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function tooMuch(content: TreeContent, shown: string, what: string): void {
  if (!content.problems.some((problem) => problem.file === shown)) {
    content.problems.push({ file: shown, message: `holds ${what}, the limit of a task` });
  }
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
