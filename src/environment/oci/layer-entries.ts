/**
 * What of a layer's archive may become files, and in which form. Everything that could reach out of the layer's folder, or that no file system layer needs, is
 * refused before anything of it is written; whiteouts take the form that overlay reads.
 */
import { IMAGE_ID_COUNT, IMAGE_ID_SHIFT } from '../../contracts/index.ts';
import { refused } from './manifest.ts';
import { printable, type TarEntry } from './tar-reader.ts';
import type { TarHead } from './tar-writer.ts';

export interface UnpackLimits {
  /** Content of one layer. */
  maxBytes: number;
  maxEntries: number;
  /** Uncompressed to compressed bytes, looked at beyond the first 64 MiB. Ordinary layers stay below 20. */
  maxRatio: number;
}

export const DEFAULT_UNPACK_LIMITS: UnpackLimits = { maxBytes: 64 * 1024 ** 3, maxEntries: 2_000_000, maxRatio: 200 };

/** Marks of the image format: a name that is gone, a folder whose lower content is gone. */
export const WHITEOUT = '.wh.';
export const OPAQUE = '.wh..wh..opq';
export const OPAQUE_ATTRIBUTE = 'user.overlay.opaque';

const MAX_PATH = 4095;
const MAX_NAME = 255;
const MAX_HOPS = 40;
/** Folders in folders; ordinary images stay below 40. */
const MAX_DEPTH = 256;

export class LayerEntries {
  private readonly what: string;
  private readonly limits: UnpackLimits;
  private readonly shift: number;
  private readonly kinds = new Map<string, TarHead>();
  private entries = 0;
  private bytes = 0;

  /** `shiftIds`: whether owners are written at all, that is, whether Assay is root. */
  constructor(what: string, limits: UnpackLimits, shiftIds: boolean) {
    this.what = what;
    this.limits = limits;
    this.shift = shiftIds ? IMAGE_ID_SHIFT : 0;
  }

  /**
   * The heads to write, the last of them for the entry's content: before it the folders above it that the archive does not name. Empty for what is left out. Throws
   * `image-refused`.
   */
  admit(entry: TarEntry): TarHead[] {
    this.count(entry);
    const parts = this.parts(entry.name);
    const base = parts.at(-1) ?? '';
    if (parts.length === 0) return entry.type === 'directory' ? this.write(entry, []) : [];
    const folder = this.resolve(parts.slice(0, -1), entry.name);
    if (base === OPAQUE) return this.opaque(folder, entry);
    if (base.startsWith(WHITEOUT)) return this.whiteout(folder, base.slice(WHITEOUT.length), entry);
    const path = [...folder, base];
    if (entry.type === 'character' || entry.type === 'block') {
      if (path[0] === 'dev') return []; // sandboxes have a /dev of their own
      throw this.refuse(entry, 'is a device node');
    }
    this.demandParents(path, entry);
    this.demandKind(path, entry);
    if (entry.type === 'link') return this.link(entry, path);
    return this.write(entry, path);
  }

  private count(entry: TarEntry): void {
    this.entries++;
    this.bytes += entry.size;
    if (this.entries > this.limits.maxEntries)
      throw refused(this.what, `it holds more than ${this.limits.maxEntries} files`);
    if (this.bytes > this.limits.maxBytes)
      throw refused(
        this.what,
        `it unpacks to more than ${this.limits.maxBytes} bytes (${printable(entry.name)} has ${entry.size})`,
      );
  }

  /** Parts of a path below the root; `.` and empty parts are dropped, a leading slash means the root of the image. */
  private parts(name: string): string[] {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw refused(this.what, `${printable(name)} leads out of the image`);
    if (parts.length > MAX_DEPTH) throw refused(this.what, `${printable(name.slice(0, 100))} lies too deep`);
    if (name.includes('\0') || name.length > MAX_PATH || parts.some((part) => part.length > MAX_NAME))
      throw refused(this.what, `the name ${printable(name.slice(0, 100))} is not possible`);
    return parts;
  }

  /**
   * The folder without symbolic links: those of this layer are followed inside the image. (Those of lower layers are not known here, and not followed by anything that
   * writes: the layer has a folder of its own.)
   */
  private resolve(parts: readonly string[], name: string): string[] {
    const open = [...parts];
    const done: string[] = [];
    for (let hops = 0; open.length > 0; ) {
      const part = open.shift() ?? '';
      if (part === '..') {
        if (done.pop() === undefined)
          throw refused(this.what, `${printable(name)} leads out of the image by a symbolic link`);
        continue;
      }
      const head = this.kinds.get([...done, part].join('/'));
      if (head?.type !== 'symlink') {
        done.push(part);
        continue;
      }
      if (++hops > MAX_HOPS) throw refused(this.what, `${printable(name)} goes through a circle of symbolic links`);
      if (head.linkName.startsWith('/')) done.length = 0;
      open.unshift(...head.linkName.split('/').filter((one) => one !== '' && one !== '.'));
    }
    return done;
  }

  private demandParents(path: readonly string[], entry: TarEntry): void {
    for (let depth = 1; depth < path.length; depth++) {
      const kind = this.kinds.get(path.slice(0, depth).join('/'))?.type;
      if (kind !== undefined && kind !== 'directory') throw this.refuse(entry, 'lies below what is no folder');
    }
  }

  /** What no program that packs layers writes, and no unpacker agrees on. */
  private demandKind(path: readonly string[], entry: TarEntry): void {
    const known = this.kinds.get(path.join('/'))?.type;
    const isFolder = entry.type === 'directory';
    if (isFolder ? known !== undefined && known !== 'directory' && known !== 'character' : known === 'directory')
      throw this.refuse(entry, `is a ${entry.type} and, in the same layer, a ${known}`);
    if (entry.type === 'symlink' && (entry.linkName === '' || entry.linkName.length > MAX_PATH))
      throw this.refuse(entry, 'is a symbolic link to a name that is not possible');
  }

  /** A hard link leads to a file of the same layer, by its path in the image. */
  private link(entry: TarEntry, path: readonly string[]): TarHead[] {
    if (entry.linkName.startsWith('/'))
      throw this.refuse(entry, `is a hard link to the absolute path ${printable(entry.linkName)}`);
    const parts = this.parts(entry.linkName);
    const target = [...this.resolve(parts.slice(0, -1), entry.linkName), ...parts.slice(-1)].join('/');
    const kind = this.kinds.get(target)?.type;
    if (kind === undefined || kind === 'directory')
      throw this.refuse(entry, `is a hard link to ${printable(entry.linkName)}, which is no file of this layer`);
    return this.write({ ...entry, linkName: `./${target}` }, path);
  }

  private whiteout(folder: readonly string[], name: string, entry: TarEntry): TarHead[] {
    if (name === '' || name === '.' || name === '..' || name.startsWith(WHITEOUT))
      throw this.refuse(entry, 'is no valid whiteout');
    const path = [...folder, name];
    this.demandParents(path, entry);
    // The same layer may have the name anew: that hides what lies below by itself, but for folders, which then must hide it all.
    const own = this.kinds.get(path.join('/'));
    if (own?.type === 'directory') return this.opaque(path, entry);
    if (own !== undefined) return [];
    return this.write({ ...BARE, name: '', type: 'character', mode: 0o600, mtime: entry.mtime }, path);
  }

  private opaque(folder: readonly string[], entry: TarEntry): TarHead[] {
    this.demandParents([...folder, OPAQUE], entry);
    const head = this.kinds.get(folder.join('/')) ?? { ...BARE, name: '', type: 'directory' as const, mode: 0o755 };
    return this.write({ ...head, attributes: new Map([...head.attributes, [OPAQUE_ATTRIBUTE, 'y']]) }, folder, true);
  }

  private write(entry: TarHead, path: readonly string[], ours = false): TarHead[] {
    const key = path.join('/');
    const attributes = new Map([...entry.attributes].filter(([name]) => isContent(name) || ours));
    // A folder in the place of a whiteout of the same layer: what lies below stays hidden.
    if (entry.type === 'directory' && this.kinds.get(key)?.type === 'character') attributes.set(OPAQUE_ATTRIBUTE, 'y');
    const heads = [...this.unnamedParents(path, entry.mtime), { ...headOf(entry), name: `./${key}`, attributes }];
    for (const head of heads) this.kinds.set(head.name.slice('./'.length), head);
    return heads.map((head) => ({ ...head, uid: this.owner(head.uid), gid: this.owner(head.gid) }));
  }

  /** As other unpackers make them: for root, open to all for reading. */
  private unnamedParents(path: readonly string[], mtime: number): TarHead[] {
    const names = path.slice(0, -1).map((_, depth) => path.slice(0, depth + 1).join('/'));
    return names
      .filter((name) => !this.kinds.has(name))
      .map((name) => ({ ...BARE, name: `./${name}`, type: 'directory', mode: 0o755, mtime }));
  }

  private owner(id: number): number {
    return (id >= 0 && id < IMAGE_ID_COUNT ? id : IMAGE_ID_COUNT - 2) + this.shift;
  }

  private refuse(entry: TarEntry, why: string): Error {
    return refused(this.what, `${printable(entry.name)} ${why}`);
  }
}

/** Attributes that are part of files. Overlay's own marks in an archive would speak to the kernel; capabilities are void under no-new-privileges. */
function isContent(name: string): boolean {
  return name.startsWith('user.') && !name.startsWith('user.overlay.');
}

const BARE = {
  uid: 0,
  gid: 0,
  mtime: 0,
  size: 0,
  linkName: '',
  major: 0,
  minor: 0,
  attributes: new Map<string, string>(),
};

function headOf(entry: TarHead): TarHead {
  const { name, type, mode, uid, gid, mtime, size, linkName, attributes } = entry;
  // Only files have content: a size elsewhere would put the archive out of step for who reads it next.
  return {
    name,
    type,
    mode,
    uid,
    gid,
    mtime,
    size: type === 'file' ? size : 0,
    linkName,
    major: 0,
    minor: 0,
    attributes,
  };
}
