/** Layers in and out of a running sandbox, by `find`, `tar`, `gzip` and `xargs` of its image. */

import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { AssayError, type LayerRef, type SandboxProcess } from '../../contracts/index.ts';
import { changesBetween, type FileManifest, mountPoints, parseWalk, walkArgv } from './file-manifest.ts';
import type { LayerArchives } from './layer-archives.ts';

/** Starts a program in the sandbox, at `/`. */
export type Start = (argv: readonly string[]) => Promise<SandboxProcess>;

/** Between the last file of the layers and the mark, and behind it: longer than the steps of any file system's clock. */
const MARK = 'sleep 0.02; mark=$(mktemp) && find "$mark" -printf %C@ && rm "$mark" && sleep 0.02';

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
}

/** Stores what changed as a layer; nothing else may run meanwhile. Gives also the files of now, on which the next one may stand. */
export async function takeLayer({ start, archives, before, sinceNs }: LayerSource) {
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
  const complaints = text(child.stderr);
  child.stdin.end(Buffer.from(present.map((path) => `.${path}\0`).join(''), 'latin1'));
  const layer = await archives.store(child.stdout, removed);
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
  const complaints = text(child.stderr);
  await pipeline(bytes, child.stdin).catch(() => {}); // it may end before it has read all; its code tells
  const exit = await child.exit;
  if (exit.code !== 0) throw failed(what, exit.code, await complaints);
}

/** As latin1: names are bytes. */
async function output(child: SandboxProcess, what: string): Promise<string> {
  child.stdin.end();
  const complaints = text(child.stderr);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  const exit = await child.exit;
  if (exit.code !== 0) throw failed(what, exit.code, await complaints);
  return Buffer.concat(chunks).toString('latin1');
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
