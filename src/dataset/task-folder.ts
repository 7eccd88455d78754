/** Reads one task folder (`docs/task-format.md`): strict, and every problem at once, with its place. */
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { digestOf, sha256 } from '../base/digest.ts';
import {
  AssayError,
  type HiddenFile,
  type IssueImage,
  type TaskFile,
  type TaskInstance,
  taskFileSchema,
} from '../contracts/index.ts';

const MAX_FILE_BYTES = 16 * 1024 ** 2;
const IMAGE_TYPES: Record<string, string> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
};

/** Loads the task in `dir`. Throws `task-invalid` with all problems in its message and in `details.problems`. */
export async function loadTaskFolder(dir: string): Promise<TaskInstance> {
  const problems: string[] = [];
  const task = await readTaskFile(dir, problems);
  const issue = await readFile(join(dir, 'issue.md'), 'utf8').catch(() => {
    problems.push(`${dir}/issue.md: missing`);
    return '';
  });
  if (issue.trim() === '') problems.push(`${dir}/issue.md: empty`);
  const hiddenFiles = await readHiddenFiles(join(dir, 'tests'), problems);
  if (task === undefined) throw invalid(dir, problems);
  if (task.id !== basename(dir))
    problems.push(`${dir}/task.yaml: id is ${task.id}, the folder is named ${basename(dir)}`);
  const both = task.grading.failToPass.filter((id) => task.grading.passToPass.includes(id));
  if (both.length > 0) problems.push(`${dir}/task.yaml: in failToPass and in passToPass: ${both.join(', ')}`);
  const images = await readImages(dir, task, problems);
  const extra = await digestOfNamedFiles(dir, task, problems);
  if (problems.length > 0) throw invalid(dir, problems);
  const hidden = hiddenFiles.map((file) => [file.path, file.mode, sha256(file.content)]);
  const digest = digestOf({
    task,
    issue,
    images: images.map((image) => [image.name, sha256(image.data)]),
    hidden,
    extra,
  });
  return { instanceId: task.id, task, dir, problemStatement: issue, images, hiddenFiles, digest };
}

async function readTaskFile(dir: string, problems: string[]): Promise<TaskFile | undefined> {
  const path = join(dir, 'task.yaml');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) {
    problems.push(`${path}: missing`);
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (const error of document.errors)
    problems.push(`${path}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0]}`);
  if (document.errors.length > 0) return undefined;
  const parsed = taskFileSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const range = nodeRange(document, issue);
    const line = range === undefined ? 1 : lines.linePos(range).line;
    problems.push(`${path}:${line}: ${issue.path.join('.') || 'the file'}: ${issue.message}`);
  }
  return undefined;
}

/** Where the part of the document that an issue names begins; its parent when the part is missing. */
function nodeRange(document: ReturnType<typeof parseDocument>, issue: z.core.$ZodIssue): number | undefined {
  for (let path = [...issue.path] as (string | number)[]; ; path = path.slice(0, -1)) {
    const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
    if (node?.range !== undefined) return node.range[0];
    if (path.length === 0) return undefined;
  }
}

async function readHiddenFiles(root: string, problems: string[]): Promise<HiddenFile[]> {
  const files: HiddenFile[] = [];
  for (const name of (await readdir(root, { recursive: true }).catch(() => [])).sort()) {
    const path = join(root, name);
    const stat = await lstat(path);
    if (stat.isDirectory()) continue;
    if (!stat.isFile()) problems.push(`${path}: only regular files may stand below tests/`);
    else if (stat.size > MAX_FILE_BYTES) problems.push(`${path}: larger than ${MAX_FILE_BYTES} bytes`);
    else files.push({ path: name, content: await readFile(path), mode: stat.mode & 0o111 ? 0o755 : 0o644 });
  }
  if (files.length === 0) problems.push(`${root}: there is no hidden test`);
  return files;
}

async function readImages(dir: string, task: TaskFile, problems: string[]): Promise<IssueImage[]> {
  const images: IssueImage[] = [];
  for (const name of task.images) {
    const mediaType = IMAGE_TYPES[extname(name).toLowerCase()];
    const data = await readInside(dir, name, problems);
    if (mediaType === undefined) problems.push(`${dir}/${name}: not an image type models take (png, jpg, gif, webp)`);
    else if (data !== undefined) images.push({ name, mediaType, data });
  }
  return images;
}

/** Files that source and gold name are part of what the task is. Shared repositories may lie beside the task. */
async function digestOfNamedFiles(dir: string, task: TaskFile, problems: string[]): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  if ('patch' in task.gold) {
    const patch = await readInside(dir, task.gold.patch, problems);
    if (patch !== undefined) digests.gold = sha256(patch);
  }
  if ('git' in task.source) {
    const stream = await readInside(dir, task.source.git, problems, join(dir, '..'));
    if (stream !== undefined) digests.source = sha256(stream);
  }
  if ('folder' in task.source) digests.source = await digestOfFolder(join(dir, task.source.folder), problems);
  return digests;
}

async function digestOfFolder(folder: string, problems: string[]): Promise<string> {
  const entries: [string, number, string][] = [];
  const names = await readdir(folder, { recursive: true }).catch(() => {
    problems.push(`${folder}: missing`);
    return [];
  });
  for (const name of names.sort()) {
    const stat = await lstat(join(folder, name));
    if (stat.isFile()) entries.push([name, stat.mode & 0o111, sha256(await readFile(join(folder, name)))]);
  }
  return digestOf(entries);
}

/** A file by a path relative to the task, which must not lead out of `within`, also not by links. */
async function readInside(
  dir: string,
  name: string,
  problems: string[],
  within: string = dir,
): Promise<Buffer | undefined> {
  const path = join(dir, name);
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) {
    problems.push(`${path}: missing`);
    return undefined;
  }
  if (relative(await realpath(within), real).startsWith('..')) {
    problems.push(`${path}: leads out of the task set`);
    return undefined;
  }
  if ((await lstat(real)).size > 4 * MAX_FILE_BYTES) {
    problems.push(`${path}: larger than ${4 * MAX_FILE_BYTES} bytes`);
    return undefined;
  }
  return readFile(real);
}

function invalid(dir: string, problems: readonly string[]): AssayError {
  return new AssayError(
    'task-invalid',
    `the task in ${dir} has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n  ${problems.join('\n  ')}`,
    {
      class: 'input',
      retryable: false,
      hint: 'docs/task-format.md describes the form; `assay dataset check` looks a set over.',
      details: { problems },
    },
  );
}
