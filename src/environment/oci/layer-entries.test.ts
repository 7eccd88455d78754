import { describe, expect, test } from 'vitest';
import { DEFAULT_UNPACK_LIMITS, LayerEntries, OPAQUE_ATTRIBUTE } from './layer-entries.ts';
import type { TarEntry } from './tar-reader.ts';

const entry = (name: string, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  type: name.endsWith('/') ? 'directory' : 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  size: 0,
  linkName: '',
  major: 0,
  minor: 0,
  attributes: new Map(),
  offset: 0,
  content: async function* () {},
  ...more,
});
const symlink = (name: string, linkName: string) => entry(name, { type: 'symlink', linkName });
const hardLink = (name: string, linkName: string) => entry(name, { type: 'link', linkName });

const open = (limits = DEFAULT_UNPACK_LIMITS) => new LayerEntries('image, layer 1', limits, true);
const admitAll = (entries: readonly TarEntry[], judge = open()) => entries.flatMap((one) => judge.admit(one));

describe('refused', () => {
  const attacks: [name: string, members: TarEntry[], reason: RegExp][] = [
    ['a name with ..', [entry('../../etc/cron.d/x')], /leads out of the image/],
    ['.. in the middle', [entry('a/'), entry('a/../../x')], /leads out of the image/],
    ['a whiteout with ..', [entry('a/../.wh.x')], /leads out of the image/],
    ['a whiteout of ..', [entry('a/.wh...')], /no valid whiteout/],
    [
      'a write through a link that climbs',
      [symlink('up', '../../..'), entry('up/x')],
      /leads out of the image by a symbolic link/,
    ],
    ['a write through a circle of links', [symlink('a', 'b'), symlink('b', 'a'), entry('a/x')], /circle/],
    ['an absolute hard link', [hardLink('passwd', '/etc/passwd')], /hard link to the absolute path/],
    ['a hard link out of the image', [hardLink('x', '../../etc/shadow')], /leads out of the image/],
    ['a hard link to what is not in the layer', [hardLink('x', 'etc/shadow')], /no file of this layer/],
    ['a hard link to a folder', [entry('d/'), hardLink('x', 'd')], /no file of this layer/],
    ['a hard link through a link that climbs', [symlink('up', '../..'), hardLink('x', 'up/etc/shadow')], /leads out/],
    ['a block device', [entry('disk', { type: 'block', major: 8 })], /device node/],
    ['a character device', [entry('usr/mem', { type: 'character', major: 1, minor: 1 })], /device node/],
    ['a whiteout as a device', [entry('etc/gone', { type: 'character' })], /device node/],
    ['a device through a link to /dev', [symlink('x', 'y'), entry('x/d', { type: 'block' })], /device node/],
    ['a file below a file', [entry('a'), entry('a/b')], /below what is no folder/],
    ['an opaque mark below a file', [entry('a', { size: 512 }), entry('a/.wh..wh..opq')], /below what is no folder/],
    ['a file in the place of a folder', [entry('a/'), entry('a')], /is a file and, in the same layer, a directory/],
    ['a folder in the place of a link', [symlink('a', 'b'), entry('a/')], /is a directory and/],
    ['a link to nothing', [symlink('a', '')], /not possible/],
    ['a path of 300 folders', [entry(`${'d/'.repeat(300)}x`)], /too deep/],
    ['a name of 300 bytes', [entry('n'.repeat(300))], /not possible/],
    ['a file of 65 GiB', [entry('big', { size: 65 * 1024 ** 3 })], /unpacks to more than/],
  ];
  test.each(attacks)('%s', (_name, members, reason) => {
    expect(() => admitAll(members)).toThrow(reason);
    expect(() => admitAll(members)).toThrow(expect.objectContaining({ code: 'image-refused' }));
  });

  test('more files or bytes than allowed', () => {
    const few = { ...DEFAULT_UNPACK_LIMITS, maxEntries: 3, maxBytes: 100 };
    expect(() =>
      admitAll(
        [1, 2, 3, 4].map((n) => entry(`f${n}`)),
        open(few),
      ),
    ).toThrow(/more than 3 files/);
    expect(() => admitAll([entry('a', { size: 60 }), entry('b', { size: 60 })], open(few))).toThrow(
      /more than 100 bytes/,
    );
  });
});

test('links of the layer are followed inside the image', () => {
  const names = admitAll([
    symlink('lib', 'usr/lib'),
    entry('lib/a'),
    symlink('usr/lib/abs', '/opt/./x'),
    entry('/lib/abs/b'),
    hardLink('lib/c', 'lib/a'),
  ]).map((head) => [head.name, head.linkName]);
  expect(names).toEqual([
    ['./lib', 'usr/lib'],
    ['./usr', ''],
    ['./usr/lib', ''],
    ['./usr/lib/a', ''],
    ['./usr/lib/abs', '/opt/./x'],
    ['./opt', ''],
    ['./opt/x', ''],
    ['./opt/x/b', ''],
    ['./usr/lib/c', './usr/lib/a'],
  ]);
});

test('whiteouts become devices 0:0, opaque folders keep their mode and get the attribute', () => {
  const heads = admitAll([
    entry('etc/', { mode: 0o751, uid: 5 }),
    entry('etc/.wh.old'),
    entry('etc/.wh..wh..opq'),
    entry('.wh.top'),
  ]);
  expect(heads).toMatchObject([
    { name: './etc', type: 'directory' },
    { name: './etc/old', type: 'character', major: 0, minor: 0 },
    { name: './etc', type: 'directory', mode: 0o751, uid: 100_005, attributes: new Map([[OPAQUE_ATTRIBUTE, 'y']]) },
    { name: './top', type: 'character' },
  ]);
});

test('a name that is whited out and made anew: a folder hides what is below, in either order', () => {
  expect(admitAll([entry('.wh.d'), entry('d/')])[1]?.attributes.get(OPAQUE_ATTRIBUTE)).toBe('y');
  expect(admitAll([entry('d/'), entry('.wh.d')])[1]).toMatchObject({ type: 'directory' });
  expect(admitAll([entry('d/'), entry('.wh.d')])[1]?.attributes.get(OPAQUE_ATTRIBUTE)).toBe('y');
});

test('no head promises content that does not follow it', () => {
  const judge = open();
  judge.admit(entry('a', { size: 1 }));
  expect(judge.admit(entry('.wh.a', { size: 512 }))).toEqual([]);
  expect(judge.admit(hardLink('b', 'a'))).toMatchObject([{ size: 0 }]);
  expect(judge.admit(entry('folder/', { size: 1024 }))).toMatchObject([{ type: 'directory', size: 0 }]);
  expect(judge.admit(symlink('c', 'a'))).toMatchObject([{ size: 0 }]);
});

test('folders that the archive does not name belong to root of the image, once', () => {
  const heads = admitAll([entry('a/b/c', { uid: 7 }), entry('a/b/d')]);
  expect(heads.map(({ name, type, mode, uid }) => [name, type, mode, uid])).toEqual([
    ['./a', 'directory', 0o755, 100_000],
    ['./a/b', 'directory', 0o755, 100_000],
    ['./a/b/c', 'file', 0o644, 100_007],
    ['./a/b/d', 'file', 0o644, 100_000],
  ]);
});

test('owners are shifted, odd ones belong to nobody; set-uid bits stay; overlay marks and capabilities of archives do not', () => {
  const attributes = new Map([
    ['user.mime', 'text'],
    ['user.overlay.opaque', 'y'],
    ['trusted.overlay.redirect', '/etc'],
    ['security.capability', 'x'],
  ]);
  const [head] = admitAll([entry('su', { mode: 0o4755, uid: 33, gid: 1_000_000, attributes })]);
  expect(head).toMatchObject({
    mode: 0o4755,
    uid: 100_033,
    gid: 165_534,
    attributes: new Map([['user.mime', 'text']]),
  });
  expect(admitAll([entry('dev/null', { type: 'character', major: 1, minor: 3 })])).toEqual([]);
});
