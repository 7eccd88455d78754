/** Debian's `docker-registry` (the reference implementation) on loopback, in memory-sized folders of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runHostProcess } from '../../src/base/host-process.ts';
import { freePort } from './free-port.ts';

export async function registryProblem(): Promise<string | undefined> {
  const result = await runHostProcess(['docker-registry', '--version']).catch(() => null);
  return result?.code === 0 ? undefined : 'the program docker-registry is missing (Debian package docker-registry)';
}

/** Resolves when it answers. The address is `127.0.0.1:port`. */
export async function startDockerRegistry(): Promise<{ host: string; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-registry-'));
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const config = join(folder, 'config.yml');
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: ${join(folder, 'data')}}}\nhttp: {addr: '${host}'}\n`,
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await answers(`http://${host}/v2/`, child);
  } catch (error) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    host,
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  for (let tries = 0; tries < 100 && child.exitCode === null; tries++) {
    if ((await fetch(url).catch(() => null))?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`docker-registry does not answer: ${errors.slice(-500)}`);
}
