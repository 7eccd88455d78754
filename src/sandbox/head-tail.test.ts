import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeadTail } from './head-tail.ts';

test('keeps everything below the limit, head and tail above it, and counts what is missing', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 50 }), { maxLength: 40 }),
      fc.integer({ min: 8, max: 300 }),
      (texts, limit) => {
        const whole = Buffer.from(texts.join(''));
        const kept = new HeadTail(limit);
        for (let at = 0; at < whole.length; at += 7) kept.push(whole.subarray(at, at + 7));
        const { text, cutBytes } = kept.text((cut) => `<${cut}>`);
        if (whole.length <= limit) {
          expect(text).toBe(whole.toString());
          expect(cutBytes).toBe(0);
          return;
        }
        const at = text.indexOf(`\n<${cutBytes}>\n`);
        const [head, tail] = [Buffer.from(text.slice(0, at)), Buffer.from(text.slice(at + `\n<${cutBytes}>\n`.length))];
        expect(head.length + tail.length + cutBytes).toBe(whole.length);
        expect(whole.subarray(0, head.length)).toEqual(head);
        expect(whole.subarray(whole.length - tail.length)).toEqual(tail);
      },
    ),
  );
});
