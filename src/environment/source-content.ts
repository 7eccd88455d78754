/** The content of a task's source, ready for a sandbox: streams and folders from beside the task, packages from the archive store. */
import { readFile } from 'node:fs/promises';
import { pack } from 'tar-stream';
import type { HiddenFile, TaskInstance } from '../contracts/index.ts';
import { AssayError } from '../contracts/index.ts';
import { readTree } from '../dataset/read-tree.ts';
import { sourceDigest, sourcePath } from '../dataset/source-digest.ts';
import { TASK_LIMITS } from '../dataset/task-limits.ts';
import { taskInvalid } from '../dataset/task-problem.ts';
import { type Archive, type ArchiveStore, type PackageRef, specOf } from './archive-store.ts';
import type { SourceContent } from './prepare-repository.ts';

/** Throws what the archive store throws; `task-invalid` when files changed since the task was loaded. */
export async function sourceContent(
  instance: TaskInstance,
  archives: ArchiveStore,
  signal: AbortSignal,
): Promise<SourceContent> {
  const { source } = instance.task;
  if ('npm' in source || 'pypi' in source) return packageContent(source, await archives.get(source, signal));
  const path = sourcePath(instance.dir, source) ?? '';
  if ('git' in source) return { kind: 'stream', data: await readFile(path), commit: source.commit };
  const tree = await readTree(path, path, TASK_LIMITS.sourceFolder, source.folder);
  if (tree.problems.length > 0) throw taskInvalid(tree.problems);
  return { kind: 'archive', data: await tarOf(tree.files), format: 'tar', strip: 0, message: 'Base state' };
}

/** Digest of the same content, without downloading anything. */
export async function instanceSourceDigest(instance: TaskInstance): Promise<string> {
  const result = await sourceDigest(instance.dir, instance.task.source, `${instance.instanceId}/task.yaml`);
  if (result.digest === undefined) throw taskInvalid(result.problems);
  return result.digest;
}

/** A downloaded package as repository content. Both npm tarballs and sdists have one top folder. */
export function packageContent(reference: PackageRef, archive: Archive): SourceContent {
  const { name, version } = specOf(reference);
  const format = archive.fileName.endsWith('.zip') ? 'zip' : 'tar';
  return { kind: 'archive', data: archive.data, format, strip: 1, message: `Base state: ${name} ${version}` };
}

/** An uncompressed tar archive of files in memory. */
export async function tarOf(files: readonly HiddenFile[]): Promise<Buffer> {
  const archive = pack();
  for (const { path, mode, content } of files) archive.entry({ name: path, mode, mtime: new Date(0) }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  const data = Buffer.concat(chunks);
  if (data.length === 0) throw new AssayError('internal', 'an archive came out empty', { class: 'infra' });
  return data;
}
