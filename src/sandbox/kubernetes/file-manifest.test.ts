import { expect, test } from 'vitest';
import { changesBetween, mountPoints, parseWalk, walkArgv } from './file-manifest.ts';

const NS = 1_000_000_000n;
/** As `find` prints a file: type, time of change, owner and mode, extent, path, link. */
const line = (type: string, path: string, { changed = '1.5', mode = '644', size = 3, time = '1.0', link = '' } = {}) =>
  `${type} ${changed} ${mode} 0 0 ${size} ${time} ${path}\0${link}\0`;
const walked = (...lines: string[]) => parseWalk(lines.join(''));

test('names are bytes and may hold anything but NUL', () => {
  const files = walked(line('f', '/odd\nname \xff -x'), line('l', '/link', { link: 'a b' }), line('d', '/'));
  expect([...files.keys()]).toEqual(['/odd\nname \xff -x', '/link']);
  expect(files.get('/link')?.signature).toContain('a b');
  expect(files.get('/link')?.changedNs).toBe(NS + NS / 2n);
});

test('new, changed and touched files are present; what is gone is removed, topmost path only', () => {
  const base = walked(
    line('f', '/same'),
    line('f', '/grown'),
    line('f', '/mode'),
    line('f', '/restamped'),
    line('d', '/gone'),
    line('f', '/gone/a'),
    line('d', '/gone/b'),
    line('f', '/gone/b/c'),
    line('f', '/gone-too'),
  );
  const now = walked(
    line('f', '/same', { changed: '99.0' }),
    line('f', '/grown', { size: 4 }),
    line('f', '/mode', { mode: '755' }),
    line('f', '/restamped', { changed: '101.0' }),
    line('f', '/new'),
  );
  expect(changesBetween(base, now, 100n * NS)).toEqual({
    present: ['/grown', '/mode', '/new', '/restamped'],
    removed: ['/gone', '/gone-too'],
  });
});

test('a folder counts when it is new or its mode changed, not when something was made in it', () => {
  const base = walked(line('d', '/a', { size: 4096 }), line('d', '/b'));
  const now = walked(
    line('d', '/a', { size: 8192, time: '9.0', changed: '200.0' }),
    line('d', '/b', { mode: '700' }),
    line('d', '/c'),
  );
  expect(changesBetween(base, now, 100n * NS)).toEqual({ present: ['/b', '/c'], removed: [] });
});

test('a folder in the place of a file, and the other way round, is removed first', () => {
  const base = walked(line('f', '/a'), line('d', '/b'), line('f', '/b/x'), line('l', '/c'));
  const now = walked(line('d', '/a'), line('f', '/a/y'), line('f', '/b'), line('d', '/c'));
  expect(changesBetween(base, now, 100n * NS)).toEqual({
    present: ['/a', '/a/y', '/b', '/c'],
    removed: ['/a', '/b', '/c'],
  });
});

test('mount points are left out of the walk, also those with odd names', () => {
  const mounts = mountPoints(
    '1 0 0:1 / / rw - overlay x rw\n2 1 0:2 /f /etc/hosts rw - ext4 y rw\n3 1 0:3 / /a\\040b[1] rw - tmpfs z rw\n',
  );
  expect(mounts).toEqual(['/', '/etc/hosts', '/a b[1]']);
  const argv = walkArgv(mounts).join(' ');
  expect(argv).toContain('-path /etc/hosts');
  expect(argv).toContain('-path /a b\\[1]');
  expect(argv).toContain('-path /tmp');
});
