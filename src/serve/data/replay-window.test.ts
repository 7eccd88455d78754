import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReplayWindow } from './replay-window.ts';

test('what is not acknowledged can be read again from any offset, in pieces of any size', () => {
  const action = fc.oneof(
    fc.record({ push: fc.uint8Array({ minLength: 1, maxLength: 20 }) }),
    fc.record({ acknowledge: fc.nat(100) }),
    fc.record({ read: fc.nat(100), max: fc.integer({ min: 1, max: 15 }) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const window = new ReplayWindow(50);
      const all: number[] = [];
      let acknowledged = 0;
      for (const one of actions) {
        if ('push' in one) {
          window.push(Buffer.from(one.push));
          all.push(...one.push);
        } else if ('acknowledge' in one) {
          window.acknowledge(one.acknowledge);
          acknowledged = Math.max(acknowledged, Math.min(one.acknowledge, all.length));
        } else if (one.read >= acknowledged) {
          const piece = [...window.read(one.read, one.max)];
          expect(piece).toEqual(all.slice(one.read, one.read + piece.length));
          expect(piece.length > 0).toBe(one.read < all.length);
        }
        expect([window.start, window.end]).toEqual([acknowledged, all.length]);
        expect(window.full).toBe(all.length - acknowledged >= 50);
      }
    }),
  );
});
