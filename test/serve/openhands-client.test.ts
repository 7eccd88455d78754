/**
 * The remote workspace of OpenHands from PyPI, unchanged, with its own server in a native sandbox behind `assay serve`: start, commands, files, pause and resume, attach by
 * session, a conversation with its WebSocket. `ASSAY_OPENHANDS` names a virtual environment that has both.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHostProcess } from '../../src/base/host-process.ts';
import { assayPaths } from '../../src/base/paths.ts';
import type { LayerRef, SandboxBackend, SandboxSpec } from '../../src/contracts/index.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { describeRequiring } from '../support/requirements.ts';
import { GENEROUS, openServeBench, type ServeBench, SPEC } from './serve-bench.ts';

const IMAGE = 'example/agent-server:1';
const CLIENT = join(import.meta.dirname, 'openhands-client.py');
/** Where the client expects the server in images of the kind `source`. */
const HOME = '/agent-server';
/** Descriptions of services of others, of a hundred megabytes. */
const LEFT_OUT = ['--exclude=discovery_cache', '--exclude=*/test', '--exclude=*/tests'];

const home = mkdtempSync(join(tmpdir(), 'assay-openhands-'));
chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
const native = createNativeBackend({ paths: assayPaths(home) });
afterAll(async () => {
  await native.close();
  rmSync(home, { recursive: true, force: true });
});

const environment = process.env.ASSAY_OPENHANDS ?? '';
const probe = await native.probe();
const problem = probe.available ? await clientProblem() : probe.notes.join(' ');

describeRequiring('openhands', problem, 'the remote workspace of OpenHands', () => {
  let bench: ServeBench;
  let apiKey: string;

  beforeAll(async () => {
    const layer = await serverLayer();
    const policy = { hostNetwork: false, registries: ['docker.io'], runtimeHosts: [], most: GENEROUS };
    const runtimeUrl = (url: string) => url.replace('//127.0.0.1', '//{id}.sandboxes.localhost');
    bench = await openServeBench(asImage(layer), { policy, runtimeUrl });
    apiKey = await bench.makeKey('openhands');
  }, 300_000);
  afterAll(() => bench.close());

  test('starts, acts, pauses, attaches and listens', async () => {
    const python = join(environment, 'bin', 'python');
    const { code, stdout, stderr } = await runHostProcess([python, CLIENT, bench.server.url, apiKey, IMAGE], {
      // Names below localhost lead to this machine, as a wildcard in the DNS would have it.
      env: { ...process.env, PYTHONPATH: join(import.meta.dirname, 'local-names'), OPENHANDS_SUPPRESS_BANNER: '1' },
      timeoutMs: 540_000,
    });
    expect(code, stderr.toString().slice(-3_000)).toBe(0);
    expect(JSON.parse(stdout.toString().trim().split('\n').at(-1) ?? '')).toEqual({
      alive: true,
      command: [3, 'out\n/tmp\n', 'problem\n', false],
      slow: true,
      upload: true,
      size: String(2 ** 20),
      download: true,
      same: true,
      server: true,
      paused: 'paused',
      resumed: String(2 ** 20),
      attached: '/tmp/there.bin',
      conversation: 201,
      subscribed: true,
      events: ['ConversationStateUpdateEvent'],
    });
    await expect.poll(() => bench.server.state.live).toBe(0);
    expect(bench.errors).toEqual([]);
  }, 600_000);
});

/** Why the client cannot be had here. */
async function clientProblem(): Promise<string | undefined> {
  if (environment === '')
    return 'ASSAY_OPENHANDS names no virtual environment with openhands-workspace and openhands-agent-server';
  const python = join(environment, 'bin', 'python');
  const argv = [python, '-c', 'import openhands.workspace, openhands.agent_server'];
  const { code, stderr } = await runHostProcess(argv, { env: process.env, timeoutMs: 300_000 });
  return code === 0 ? undefined : stderr.toString().slice(-300);
}

/** Interpreter and packages of the virtual environment, at the places where images have them. */
async function serverLayer(): Promise<LayerRef> {
  const argv = [join(environment, 'bin', 'python'), '-c', 'import sys; print(sys.base_prefix)'];
  const prefix = (await runHostProcess(argv, { env: process.env, timeoutMs: 60_000 })).stdout.toString().trim();
  const limits = { ...SPEC.limits, diskBytes: 2 ** 32, memoryBytes: 2 ** 32, wallSeconds: 600 };
  const sandbox = await native.create({ ...SPEC, limits, env: { PATH: '/usr/bin:/bin' }, workdir: '/' });
  const unpack = async (folder: string, target: string) => {
    const pack = spawn('tar', ['-C', folder, ...LEFT_OUT, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const child = await sandbox.spawn(['sh', '-c', `mkdir -p ${target} && tar -C ${target} --no-same-owner -xf -`]);
    await pipeline(pack.stdout, child.stdin);
    expect((await child.exit).code).toBe(0);
  };
  await unpack(prefix, `${HOME}/python`);
  await unpack(environment, `${HOME}/.venv`);
  // Interpreters look for their shared library where they were built.
  const settle = `ln -sf ${HOME}/python/bin/python3 ${HOME}/.venv/bin/python && mkdir -p "$1" && ln -s ${HOME}/python/lib "$1/lib" \
    && sed -i 's|^home = .*|home = ${HOME}/python/bin|' ${HOME}/.venv/pyvenv.cfg`;
  const { exitCode, stderr } = await exec(sandbox, ['sh', '-c', settle, 'sh', prefix]);
  expect(exitCode, stderr.toString()).toBe(0);
  return sandbox.snapshot();
}

/** Stands for a backend with the image: the layer over the programs of this machine. */
function asImage(layer: LayerRef): SandboxBackend {
  const digest = `sha256:${'1'.repeat(64)}`;
  return {
    ...native,
    describeImage: async () => ({ digest, env: { PATH: '/usr/bin:/bin', HOME: '/tmp' }, workdir: '/' }),
    create: (spec: SandboxSpec) => native.create({ ...spec, base: { kind: 'host' }, layers: [layer] }),
    close: async () => {},
  };
}
