/** Layers come as plain tar, gzip or zstd; told apart by their first bytes, not by what a manifest says. */
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Duplex, pipeline, type Readable } from 'node:stream';
import zlib from 'node:zlib';
import { AssayError } from '../../contracts/index.ts';
import type { BlobFile } from './image-source.ts';
import { refused } from './manifest.ts';

/** The uncompressed bytes of a layer. Read errors and damaged data come as errors of the stream (`image-refused`). */
export async function* openLayer(file: BlobFile, what: string): AsyncGenerator<Buffer> {
  const magic = await firstBytes(file);
  const source = createReadStream(file.path, {
    start: file.start,
    end: file.start + file.size - 1,
    highWaterMark: 1024 ** 2,
  });
  if (magic.readUInt16BE(0) === 0x1f8b) yield* through(source, zlib.createGunzip({ chunkSize: 256 * 1024 }), what);
  else if (magic.readUInt32LE(0) === 0xfd2fb528) yield* zstd(source, what);
  else if (magic.toString('latin1', 0, 3) === 'BZh' || magic.readUInt32BE(0) === 0xfd377a58)
    throw refused(what, 'it is compressed in a way that images do not use (bzip2 or xz)');
  else yield* source;
}

async function* through(source: Readable, decoder: Duplex, what: string): AsyncGenerator<Buffer> {
  pipeline(source, decoder, () => {}); // an error of either ends the decoder, whose reader throws it
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof AssayError) throw error;
    throw refused(what, `it cannot be decompressed: ${(error as Error).message}`);
  } finally {
    source.destroy();
    decoder.destroy();
  }
}

/** Node has a decoder from 22.15 on; before, the `zstd` program does it. */
function zstd(source: Readable, what: string): AsyncGenerator<Buffer> {
  const make = (zlib as { createZstdDecompress?: () => Duplex }).createZstdDecompress;
  return make === undefined ? throughZstdProgram(source, what) : through(source, make(), what);
}

async function* throughZstdProgram(source: Readable, what: string): AsyncGenerator<Buffer> {
  const child = spawn('zstd', ['-d', '-c', '-q'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-500);
  });
  const ended = new Promise<number | Error>((resolve) => {
    child.on('error', resolve);
    child.on('close', (code) => resolve(code ?? -1));
  });
  pipeline(source, child.stdin, () => {}); // a broken pipe is told by the exit
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const end = await ended;
    if (end instanceof Error) throw noZstd(what);
    if (end !== 0) throw refused(what, `it cannot be decompressed: ${errors.trim() || `zstd ended with ${end}`}`);
  } finally {
    source.destroy();
    child.kill('SIGKILL');
  }
}

function noZstd(what: string): AssayError {
  const message = `${what} is compressed with zstd, which Node ${process.versions.node} cannot read`;
  return new AssayError('environment-tool-missing', message, {
    class: 'infra',
    retryable: false,
    hint: 'Install the zstd program, or use Node 22.15 or newer.',
  });
}

async function firstBytes(file: BlobFile): Promise<Buffer> {
  const handle = await open(file.path);
  try {
    const bytes = Buffer.alloc(8);
    await handle.read(bytes, 0, Math.min(8, file.size), file.start);
    return bytes;
  } finally {
    await handle.close();
  }
}
