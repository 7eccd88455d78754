/**
 * Layers in and out of a running sandbox, by `find`, `tar`, `gzip` and `xargs` of its image. Programs that ran in it before may have put others in their place: what
 * comes out is bounded.
 */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AssayError, type LayerRef, type SandboxProcess } from '../../contracts/index.ts';
import { HeadTail } from '../head-tail.ts';
import { changesBetween, type FileManifest, mountPoints, parseWalk, walkArgv } from './file-manifest.ts';
import type { LayerArchives } from './layer-archives.ts';

/** Starts a program in the sandbox, at `/`. */
export type Start = (argv: readonly string[]) => Promise<SandboxProcess>;

/** Between the last file of the layers and the mark, and behind it: longer than the steps of any file system's clock. */
const MARK = 'sleep 0.02; mark=$(mktemp) && find "$mark" -printf %C@ && rm "$mark" && sleep 0.02';

/** Two million files, and more than a string can be asked to hold twice. */
const LIST_BYTES = 256 * 1024 ** 2;
const COMPLAINT_BYTES = 8 * 1024;
/** Headers of an entry in an archive, and its padding. */
const ENTRY_BYTES = 4 * 1024;
/** Files with holes are larger in an archive than on a disk. */
const HOLES = 4;

/** Puts the layers, bottom first, into a fresh sandbox. Gives the time, in nanoseconds of its clock, after which changes are its own. */
export async function putLayers(start: Start, archives: LayerArchives, layers: readonly LayerRef[]): Promise<bigint> {
  for (const layer of layers) {
    if (!(await archives.has(layer))) throw unknownLayer(layer);
    const removals = await archives.removalsOf(layer);
    if (removals.length > 0)
      await feed(await start(['xargs', '-0', 'rm', '-rf', '--']), [removals], 'remove files of a layer');
    await feed(await start(['tar', '-xzpf', '-', '--numeric-owner']), archives.read(layer), 'unpack a layer');
  }
  const [seconds = '0', fraction = ''] = (await output(await start(['/bin/sh', '-c', MARK]), 'tell the time')).split(
    '.',
  );
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}

/** All files that a layer may hold, as they are now. */
export async function walkFiles(start: Start): Promise<FileManifest> {
  const mounts = mountPoints(await output(await start(['cat', '/proc/self/mountinfo']), 'list its mounts'));
  return parseWalk(await output(await start(walkArgv(mounts)), 'list its files'));
}

export interface LayerSource {
  start: Start;
  archives: LayerArchives;
  /** The files on which it stands, untouched. */
  before: FileManifest;
  sinceNs: bigint;
  /** Of the sandbox: bounds the layer. */
  diskBytes: number;
}

/** Stores what changed as a layer; nothing else may run meanwhile. Gives also the files of now, on which the next one may stand. */
export async function takeLayer({ start, archives, before, sinceNs, diskBytes }: LayerSource) {
  const now = await walkFiles(start);
  const { present, removed } = changesBetween(before, now, sinceNs);
  const child = await start([
    'tar',
    '-cf',
    '-',
    '--format=posix',
    '--numeric-owner',
    '--no-recursion',
    '--null',
    '-T',
    '-',
  ]);
  const complaints = endOf(child.stderr);
  child.stdin.end(Buffer.from(present.map((path) => `.${path}\0`).join(''), 'latin1'));
  const most = HOLES * diskBytes + ENTRY_BYTES * present.length;
  const layer = await archives.store(atMost(child, most, 'changes'), removed).catch((error: Error) => {
    child.kill('SIGKILL');
    throw error instanceof AssayError ? error : failed('write its changes as an archive', null, error.message);
  });
  const exit = await child.exit;
  if (exit.code !== 0) throw failed('read its changes', exit.code, await complaints);
  return { layer, files: now };
}

async function feed(
  child: SandboxProcess,
  bytes: Iterable<Buffer> | AsyncIterable<Buffer>,
  what: string,
): Promise<void> {
  child.stdout.resume();
  const complaints = endOf(child.stderr);
  await pipeline(bytes, child.stdin).catch(() => {}); // it may end before it has read all; its code tells
  const exit = await child.exit;
  if (exit.code !== 0) throw failed(what, exit.code, await complaints);
}

/** As latin1: names are bytes. */
async function output(child: SandboxProcess, what: string): Promise<string> {
  child.stdin.end();
  const complaints = endOf(child.stderr);
  const chunks: Buffer[] = [];
  for await (const chunk of atMost(child, LIST_BYTES, 'lists')) chunks.push(chunk);
  const exit = await child.exit;
  if (exit.code !== 0) throw failed(what, exit.code, await complaints);
  return Buffer.concat(chunks).toString('latin1');
}

/** Its output, as long as it is not more than it can be. Throws `sandbox-create-failed` then, and ends the program. */
async function* atMost(child: SandboxProcess, bytes: number, what: string): AsyncGenerator<Buffer> {
  let left = bytes;
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      left -= chunk.length;
      if (left < 0) throw tooMuch(what, bytes);
      yield chunk;
    }
  } finally {
    if (left < 0) child.kill('SIGKILL');
  }
}

async function endOf(stream: Readable): Promise<string> {
  const kept = new HeadTail(COMPLAINT_BYTES);
  for await (const chunk of stream) kept.push(chunk as Buffer);
  const { head, tail } = kept.parts();
  return Buffer.concat([head, tail]).toString();
}

function tooMuch(what: string, bytes: number): AssayError {
  return new AssayError('sandbox-create-failed', `the ${what} of the sandbox are larger than ${bytes} bytes`, {
    class: 'infra',
    retryable: false,
    hint: 'A layer holds at most what the disk limit of its sandbox allows: raise it, or see what the programs in it put in the place of find and tar.',
  });
}

function failed(what: string, code: number | null, complaints: string): AssayError {
  return new AssayError(
    'sandbox-create-failed',
    `the sandbox could not ${what} (${code}): ${complaints.trim().slice(-500)}`,
    {
      class: 'infra',
      retryable: code === null,
      hint: 'Layers in pods need GNU find and tar, gzip and xargs in the image.',
    },
  );
}

function unknownLayer(layer: LayerRef): AssayError {
  return new AssayError('sandbox-create-failed', `no archive of layer ${layer.digest} is on this machine`, {
    class: 'infra',
    retryable: false,
    hint: 'Layers made by another backend or machine cannot be used here: build the environment with this one.',
  });
}
