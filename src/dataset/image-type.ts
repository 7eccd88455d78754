/** Media types of images models can see, by their first bytes (PNG, JPEG, GIF and WebP signatures), never by their names. */

/** `image/png` and so on, or null when the bytes are none of the four formats. */
export function imageMediaType(data: Uint8Array): string | null {
  const bytes = Buffer.from(data.buffer, data.byteOffset, Math.min(data.byteLength, 12));
  if (bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))) return 'image/png';
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'image/jpeg';
  if (/^GIF8[79]a/.test(bytes.toString('latin1'))) return 'image/gif';
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return 'image/webp';
  return null;
}
