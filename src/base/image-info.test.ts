import { expect, test } from 'vitest';
import { imageInfo } from './image-info.ts';

// Images of 7 x 3 pixels, written by Pillow; of the JPEG files the start up to the frame header.
const JPEG_TABLES =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/';
const SAMPLES = [
  ['JPEG', 'image/jpeg', `${JPEG_TABLES}wAARCAADAAcDASIAAhEBAxEB/8QAHwAA`],
  ['progressive JPEG', 'image/jpeg', `${JPEG_TABLES}wgARCAADAAcDASIAAhEBAxEB/8QAFQAB`],
  ['GIF', 'image/gif', 'R0lGODdhBwADAIAAAAAAAAAAACwAAAAABwADAAAICQABCBxIsKDBgAA7'],
  ['lossy WebP', 'image/webp', 'UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoHAAMAAUAmJaQAA3AA/v02aAA='],
  ['lossless WebP', 'image/webp', 'UklGRhoAAABXRUJQVlA4TA4AAAAvBoAAAAcQEf0PRET/Aw=='],
  [
    'WebP with alpha',
    'image/webp',
    'UklGRkgAAABXRUJQVlA4WAoAAAAQAAAABgAAAgAAQUxQSAkAAAABBxAREYiI/gcAVlA4IBgAAAAwAQCdASoHAAMAAUAmJaQAA3AA/v02aAA=',
  ],
  [
    'PNG',
    'image/png',
    'iVBORw0KGgoAAAANSUhEUgAAAAcAAAADAQMAAABlDYeGAAAAA1BMVEUAAACnej3aAAAADklEQVR4nGNgYGBgYAAAAAYAAXKCmeoAAAAASUVORK5CYII=',
  ],
] as const;

test.each(SAMPLES)('reads type and size of %s', (_name, mediaType, data) => {
  expect(imageInfo(Buffer.from(data, 'base64'))).toEqual({ mediaType, size: { width: 7, height: 3 } });
});

test.each(SAMPLES)('a cut %s is damaged or no image, never a wrong size', (_name, mediaType, data) => {
  const bytes = Buffer.from(data, 'base64');
  expect(imageInfo(bytes.subarray(0, 12))).toMatchObject({ mediaType });
  for (let length = 0; length < bytes.length; length++) {
    const info = imageInfo(bytes.subarray(0, length));
    if (info?.size) expect(info.size).toEqual({ width: 7, height: 3 });
  }
});

test('a JPEG whose segments lead nowhere is damaged; other bytes are no image', () => {
  expect(imageInfo(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0xff, 0xff, 1, 2, 3, 4, 5, 6]))).toEqual({
    mediaType: 'image/jpeg',
    size: null,
  });
  for (const text of ['', 'GIF', 'RIFF....WAVE', '\x89PNG is not enough', 'plain text'])
    expect(imageInfo(Buffer.from(text, 'latin1'))).toBeUndefined();
});
