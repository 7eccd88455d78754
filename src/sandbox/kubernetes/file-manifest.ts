/** Every file of a sandbox that a layer may hold, in one walk, and what differs between two such walks. Names are bytes: latin1 strings keep them as they are. */
import { VOLATILE_FOLDERS } from '../docker/container-config.ts';

export interface FileEntry {
  /** As `find` says it: `f`, `d`, `l`, ... */
  type: string;
  /** Equal for files that nobody touched. Folders have no size and no time in it: those follow from what is in them. */
  signature: string;
  /** Nanoseconds since 1970 at which anything about it last changed. */
  changedNs: bigint;
}

/** By absolute path. */
export type FileManifest = ReadonlyMap<string, FileEntry>;

export interface FileChanges {
  /** Of now; in order. */
  present: string[];
  /** What must be taken away first: gone, or a folder in the place of something else and the other way round. Topmost paths only. */
  removed: string[];
}

const FORMAT = '%y %C@ %m %U %G %s %T@ %p\\0%l\\0';

/** The program that walks. `mounts`: where other file systems and files of the node are put into this one. */
export function walkArgv(mounts: readonly string[]): string[] {
  const left = [...VOLATILE_FOLDERS, ...mounts.filter((path) => path !== '/')];
  const prune = left.flatMap((path, i) => [...(i === 0 ? [] : ['-o']), '-path', asPattern(path)]);
  return ['find', '/', '-xdev', '(', ...prune, ')', '-prune', '-o', '-printf', FORMAT];
}

/** Mount points, from `/proc/self/mountinfo`. */
export function mountPoints(mountinfo: string): string[] {
  const octal = (text: string) =>
    text.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
  return mountinfo
    .split('\n')
    .map((line) => octal(line.split(' ')[4] ?? ''))
    .filter((path) => path.startsWith('/'));
}

/** Reads what the walk printed, as latin1. */
export function parseWalk(output: string): FileManifest {
  const files = new Map<string, FileEntry>();
  const parts = output.split('\0');
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const match = /^(\S) (\S+) (\S+ \S+ \S+) (\S+ \S+) ([\s\S]*)$/.exec(parts[i] ?? '');
    const [, type = '', changed = '', owner = '', extent = '', path = ''] = match ?? [];
    if (path === '' || path === '/') continue;
    const rest = type === 'd' ? '' : `${extent} ${parts[i + 1] ?? ''}`;
    files.set(path, { type, signature: `${type} ${owner} ${rest}`, changedNs: nanoseconds(changed) });
  }
  return files;
}

/**
 * What changed since `base` was walked. `sinceNs`: nothing of `now` that is older was touched in this sandbox, whatever times programs gave it. Times of change
 * are the node's own, so those of `base` say nothing.
 */
export function changesBetween(base: FileManifest, now: FileManifest, sinceNs: bigint): FileChanges {
  const present: string[] = [];
  const removed: string[] = [];
  for (const [path, { type, signature, changedNs }] of now) {
    const before = base.get(path);
    const touched = type !== 'd' && changedNs > sinceNs;
    if (before === undefined || before.signature !== signature || touched) present.push(path);
    if (before !== undefined && before.type !== type && (before.type === 'd' || type === 'd')) removed.push(path);
  }
  for (const path of base.keys()) if (!now.has(path)) removed.push(path);
  return { present: present.sort(), removed: topmost(removed) };
}

function topmost(paths: readonly string[]): string[] {
  const kept = new Set<string>();
  for (const path of [...paths].sort((a, b) => a.length - b.length)) {
    if (!ancestorsOf(path).some((above) => kept.has(above))) kept.add(path);
  }
  return [...kept].sort();
}

function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) ancestors.push(path.slice(0, at));
  return ancestors;
}

/** `find` prints seconds with a fraction. */
function nanoseconds(time: string): bigint {
  const [seconds = '0', fraction = ''] = time.split('.');
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}

function asPattern(path: string): string {
  return path.replace(/[*?[\\]/g, '\\$&');
}
