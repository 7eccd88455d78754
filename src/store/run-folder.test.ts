import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instanceFolder, isRunId, newRunId } from './run-folder.ts';

test('run ids sort by time, differ, and are usable as folder names', () => {
  const now = new Date('2026-01-31T14:05:09.123Z');
  const ids = Array.from({ length: 100 }, () => newRunId(now));
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) {
    expect(id).toMatch(/^20260131-140509-[0-9a-z]{6}$/);
    expect(isRunId(id)).toBe(true);
  }
  expect(newRunId(new Date('2026-02-01T00:00:00Z')) > (ids[0] ?? '')).toBe(true);
});

test('folders of instances: plain ids as they are, others safe, all different', () => {
  expect(instanceFolder('django__django-11099')).toBe('django__django-11099');
  expect(instanceFolder('../a')).toBe('%2E.%2Fa');
  const odd = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('a', '.', '/', '%', '~', '_', '\0'), maxLength: 300 }),
  );
  fc.assert(
    fc.property(odd, odd, (one, other) => {
      const name = instanceFolder(one);
      expect(name).toMatch(/^[A-Za-z0-9%_~.-]{1,160}$/);
      expect(name.startsWith('.')).toBe(false);
      // Lone surrogates have no bytes of their own; every other pair of ids stays apart.
      if (wellFormed(one) !== wellFormed(other)) expect(name).not.toBe(instanceFolder(other));
    }),
  );
});

const wellFormed = (text: string) => Buffer.from(text, 'utf8').toString('utf8');
