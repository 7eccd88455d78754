/** Writes a silent WebM video of VP8 key frames. Formats: RFC 8794 (EBML), RFC 9559 (Matroska), the WebM container guidelines, RFC 9649 (WebP). */

/** The VP8 frame of a lossy WebP picture. Throws for any other. */
export function vp8Frame(webp) {
  for (let at = 12; at + 8 <= webp.length; ) {
    const length = webp.readUInt32LE(at + 4);
    if (webp.toString('latin1', at, at + 4) === 'VP8 ') return webp.subarray(at + 8, at + 8 + length);
    at += 8 + length + (length % 2);
  }
  throw new Error('the picture holds no VP8 frame');
}

/** `frames`: at least one, in order, `at` in milliseconds from 0; the last one is where the video ends. */
export function webm({ width, height, frames }) {
  const video = element('e0', uint('b0', width), uint('ba', height));
  const track = element('ae', uint('d7', 1), uint('73c5', 1), uint('9c', 0), uint('83', 1), text('86', 'V_VP8'), video);
  const info = element('1549a966', uint('2ad7b1', 1_000_000), double('4489', frames.at(-1).at), text('4d80', 'Assay'), text('5741', 'Assay'));
  return Buffer.concat([
    element('1a45dfa3', uint('4286', 1), uint('42f7', 1), uint('42f2', 4), uint('42f3', 8), text('4282', 'webm'), uint('4287', 2), uint('4285', 2)),
    element('18538067', info, element('1654ae6b', track), ...frames.map(cluster)),
  ]);
}

/** One frame: track 1, no time beyond the cluster's, a key frame. */
function cluster({ at, data }) {
  return element('1f43b675', uint('e7', at), element('a3', Buffer.from([0x81, 0, 0, 0x80]), data));
}

/** `id` in hexadecimal digits. The length always takes eight bytes. */
function element(id, ...content) {
  const body = Buffer.concat(content);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE((1n << 56n) | BigInt(body.length));
  return Buffer.concat([Buffer.from(id, 'hex'), length, body]);
}

function uint(id, value) {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(Math.round(value), 0, 6);
  return element(id, bytes);
}

function double(id, value) {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return element(id, bytes);
}

function text(id, value) {
  return element(id, Buffer.from(value));
}
