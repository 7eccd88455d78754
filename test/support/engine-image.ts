/**
 * A base image for tests with a container engine: a small Debian with bash, git, coreutils and python3, made by mmdebstrap once per machine and
 * imported. `ASSAY_TEST_IMAGE` names one that is there already.
 */
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runHostProcess } from '../../src/base/host-process.ts';
import type { SandboxBackend } from '../../src/contracts/index.ts';
import { EngineClient } from '../../src/sandbox/docker/engine-client.ts';
import { findEngine } from '../../src/sandbox/docker/engine-endpoint.ts';
import { inspectImage } from '../../src/sandbox/docker/engine-image.ts';

/** With a host, and the one tag that Podman gives to what it imports. */
const NAME = 'assay.local/test-base-2';
const TAG = 'latest';

/** The image's name, or why tests with it cannot run here. */
export async function engineTestImage(): Promise<{ image: string; problem?: undefined } | { problem: string }> {
  const endpoint = findEngine();
  if (endpoint === undefined) return { problem: 'no container engine was found' };
  const engine = new EngineClient(endpoint, 0);
  const named = process.env.ASSAY_TEST_IMAGE;
  try {
    if (named !== undefined) return { image: named };
    if ((await inspectImage(engine, `${NAME}:${TAG}`)) === undefined) await importRoot(engine, await rootArchive());
    return { image: `${NAME}:${TAG}` };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** Why the backend cannot run containers on the engine that was found; closes it. */
export async function engineProblem(backend: SandboxBackend): Promise<string | undefined> {
  const probe = await backend.probe();
  await backend.close();
  return probe.available ? undefined : probe.notes.join(' ');
}

/** A tar of a minimal root file system. Throws when mmdebstrap is missing or fails. */
export async function rootArchive(): Promise<string> {
  const path = join(tmpdir(), 'assay-test-images', 'debian-bookworm-2.tar');
  if (existsSync(path)) return path;
  await mkdir(join(path, '..'), { recursive: true });
  const temporary = `${path}.${process.pid}.tar`;
  const argv = ['mmdebstrap', '--variant=minbase', '--include=git,python3', 'bookworm', temporary];
  const result = await runHostProcess(argv, { env: process.env, timeoutMs: 540_000 }).catch((error: Error) => error);
  if (result instanceof Error) throw new Error(`mmdebstrap cannot be started: ${result.message}`);
  if (result.code !== 0) {
    await rm(temporary, { force: true });
    throw new Error(`mmdebstrap failed: ${result.stderr.toString().slice(-300)}`);
  }
  await rename(temporary, path);
  return path;
}

async function importRoot(engine: EngineClient, archive: string): Promise<void> {
  const path = `/images/create?fromSrc=-&repo=${NAME}&tag=${TAG}`;
  await engine.call({ method: 'POST', path, body: createReadStream(archive), timeoutMs: 300_000 });
}
