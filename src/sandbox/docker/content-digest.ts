/**
 * A digest of what a sandbox changed, without times: equal changes give equal digests, although the engine's own digest of a committed layer differs each time.
 * The engine names the changed paths; `tar` inside the container hands out what they are now.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type Extract, extract } from 'tar-stream';
import { canonicalJson, sha256 } from '../../base/digest.ts';
import { AssayError, type SandboxProcess } from '../../contracts/index.ts';
import type { ContainerChange } from './container.ts';
import { VOLATILE_FOLDERS } from './container-config.ts';

/** Starts a program in the container. */
type Spawn = (argv: readonly string[]) => Promise<SandboxProcess>;

/** Changes that a snapshot keeps. */
export function keptChanges(changes: readonly ContainerChange[]): ContainerChange[] {
  return changes.filter(({ path }) =>
    VOLATILE_FOLDERS.every((folder) => path !== folder && !path.startsWith(`${folder}/`)),
  );
}

/** `sha256:<hex>` of the changes. Throws `sandbox-create-failed` when `tar` is missing inside or fails. */
export async function contentDigest(changes: readonly ContainerChange[], spawn: Spawn): Promise<`sha256:${string}`> {
  const deleted = changes.filter((change) => change.deleted).map(({ path }) => path);
  const present = changes.filter((change) => !change.deleted).map(({ path }) => path);
  const lines = deleted.map((path) => canonicalJson({ path, deleted: true }));
  // A name that is no UTF-8 cannot be asked for: its folder is taken whole instead.
  const whole = new Set(present.filter((path) => path.includes('\ufffd')).map(folderOf));
  const named = present.filter((path) => !path.includes('\ufffd'));
  lines.push(...(await describe([...named].sort(), ['--no-recursion'], spawn)));
  lines.push(...(await describe([...whole].sort(), [], spawn)));
  return sha256(lines.sort().join('\n'));
}

/**
 * A digest of all files, for an engine that cannot say what changed (Podman 4 fails at a folder in the place of a file). Slower, and as good: over one base, equal
 * changes make equal files.
 */
export async function wholeDigest(spawn: Spawn): Promise<`sha256:${string}`> {
  const lines = await describe(['/'], ['--one-file-system'], spawn);
  return sha256(lines.sort().join('\n'));
}

/** One line of canonical JSON per archived file. */
async function describe(paths: readonly string[], flags: readonly string[], spawn: Spawn): Promise<string[]> {
  if (paths.length === 0) return [];
  const relative = paths.map((path) => `.${path}`);
  const argv = ['tar', '-c', '-f', '-', ...flags, '--null', '-T', '-'];
  const child = await spawn(argv);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-1000);
  });
  child.stdin.end(relative.map((path) => `${path}\0`).join(''));
  const archive = extract();
  Readable.from(child.stdout).pipe(archive);
  const lines = await archiveLines(archive);
  const exit = await child.exit;
  if (exit.code !== 0) {
    throw new AssayError('sandbox-create-failed', `the changes of the sandbox could not be read: ${errors.trim()}`, {
      class: 'infra',
      retryable: false,
      hint: 'Snapshots in containers need GNU tar in the image.',
    });
  }
  return lines;
}

/** One line of canonical JSON, without times, per entry of an archive that is being read. */
export async function archiveLines(archive: Extract): Promise<string[]> {
  const lines: string[] = [];
  for await (const entry of archive) {
    const content = createHash('sha256');
    for await (const chunk of entry) content.update(chunk as Buffer);
    const { name, type, mode, uid, gid, size, linkname } = entry.header;
    lines.push(canonicalJson({ name, type, mode, uid, gid, size, linkname, content: content.digest('hex') }));
  }
  return lines;
}

function folderOf(path: string): string {
  const at = path.lastIndexOf('/', path.indexOf('\ufffd'));
  return at <= 0 ? '/' : path.slice(0, at);
}
