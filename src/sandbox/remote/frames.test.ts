import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, type Frame, type FrameKind, FrameReader, MAX_FRAME_BYTES } from './frames.ts';

const kinds: FrameKind[] = ['alive', 'stdout', 'stderr', 'stdout-end', 'stderr-end', 'exit'];

test('frames come back as they were, wherever the stream is cut', () => {
  const frame = fc.record({ kind: fc.constantFrom(...kinds), payload: fc.uint8Array({ maxLength: 40 }) });
  fc.assert(
    fc.property(fc.array(frame), fc.integer({ min: 1, max: 30 }), (frames, step) => {
      const bytes = Buffer.concat(frames.map(({ kind, payload }) => encodeFrame(kind, payload)));
      const reader = new FrameReader();
      const seen: Frame[] = [];
      for (let at = 0; at < bytes.length; at += step) seen.push(...reader.push(bytes.subarray(at, at + step)));
      expect(seen.map(({ kind, payload }) => [kind, [...payload]])).toEqual(
        frames.map(({ kind, payload }) => [kind, [...payload]]),
      );
    }),
  );
});

test('a kind of a later version is passed over', () => {
  const unknown = encodeFrame('exit', Buffer.from('x'));
  unknown[0] = 77;
  const seen = new FrameReader().push(Buffer.concat([unknown, encodeFrame('stdout', Buffer.from('y'))]));
  expect(seen.map(({ kind, payload }) => [kind, payload.toString()])).toEqual([['stdout', 'y']]);
});

test('a length that no sender makes is refused before it is waited for', () => {
  const bytes = Buffer.from([1, 0xff, 0xff, 0xff, 0xff]);
  expect(() => new FrameReader().push(bytes)).toThrow(RangeError);
  expect(() => encodeFrame('stdout', Buffer.alloc(MAX_FRAME_BYTES + 1))).toThrow(RangeError);
});
