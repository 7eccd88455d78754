/**
 * Media type and size in pixels of an image, read from its first bytes, for the formats models take. Sources: PNG (ISO/IEC 15948, IHDR),
 * GIF 89a (logical screen), JPEG (ITU T.81, start of frame), WebP (RFC 9649: VP8, VP8L, VP8X).
 */
export interface ImageInfo {
  mediaType: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';
  /** Pixels; null when the file begins like an image but is damaged. */
  size: { width: number; height: number } | null;
}

/** Undefined for anything that does not begin like one of the four formats. */
export function imageInfo(bytes: Buffer): ImageInfo | undefined {
  const format = FORMATS.find((one) => one.begins(bytes));
  if (format === undefined) return undefined;
  const [width, height] = format.size(bytes) ?? [0, 0];
  return { mediaType: format.mediaType, size: width > 0 && height > 0 ? { width, height } : null };
}

type Size = [width: number, height: number] | undefined;
interface Format {
  mediaType: ImageInfo['mediaType'];
  begins(bytes: Buffer): boolean;
  size(bytes: Buffer): Size;
}

const PNG_START = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const ascii = (bytes: Buffer, from: number, to: number) => bytes.toString('latin1', from, to);

const FORMATS: readonly Format[] = [
  {
    mediaType: 'image/png',
    begins: (bytes) => bytes.subarray(0, 8).equals(PNG_START),
    size: (bytes) =>
      bytes.length >= 24 && ascii(bytes, 12, 16) === 'IHDR'
        ? [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
        : undefined,
  },
  {
    mediaType: 'image/jpeg',
    begins: (bytes) => bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])),
    size: jpegSize,
  },
  {
    mediaType: 'image/gif',
    begins: (bytes) => /^GIF8[79]a/.test(ascii(bytes, 0, 6)),
    size: (bytes) => (bytes.length >= 10 ? [bytes.readUInt16LE(6), bytes.readUInt16LE(8)] : undefined),
  },
  {
    mediaType: 'image/webp',
    begins: (bytes) => ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP',
    size: webpSize,
  },
];

/** Walks the segments to the frame header; C4, C8 and CC in its range are other things. */
function jpegSize(bytes: Buffer): Size {
  let at = 2;
  while (at + 9 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1; // fill byte
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)];
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

function webpSize(bytes: Buffer): Size {
  if (bytes.length < 25) return undefined;
  switch (ascii(bytes, 12, 16)) {
    case 'VP8 ':
      if (bytes.length < 30) return undefined;
      return [bytes.readUInt16LE(26) & 0x3fff, bytes.readUInt16LE(28) & 0x3fff];
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21);
      return [(bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1];
    }
    case 'VP8X':
      if (bytes.length < 30) return undefined;
      return [bytes.readUIntLE(24, 3) + 1, bytes.readUIntLE(27, 3) + 1];
    default:
      return undefined;
  }
}
