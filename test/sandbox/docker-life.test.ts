import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pack } from 'tar-stream';
import { afterAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import type { SandboxSpec } from '../../src/contracts/index.ts';
import { LABEL } from '../../src/sandbox/docker/container-config.ts';
import { createDockerBackend } from '../../src/sandbox/docker/docker-backend.ts';
import { EngineClient } from '../../src/sandbox/docker/engine-client.ts';
import { findEngine } from '../../src/sandbox/docker/engine-endpoint.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { openWorkspace } from '../../src/sandbox/workspace.ts';
import { engineProblem, engineTestImage } from '../support/engine-image.ts';
import { describeRequiring } from '../support/requirements.ts';

const found = await engineTestImage();
const image = found.problem === undefined ? found.image : '';
const endpoint = findEngine();
const home = mkdtempSync(join(tmpdir(), 'assay-docker-life-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const problem = found.problem ?? (await engineProblem(createDockerBackend({ paths: assayPaths(home) })));

describeRequiring('docker', problem, 'the life of containers', () => {
  const backend = createDockerBackend({ paths: assayPaths(home) });
  afterAll(async () => {
    await backend.close();
  });
  const engine = () => {
    if (endpoint === undefined) throw new Error('the engine that was there is gone');
    return new EngineClient(endpoint, 0);
  };
  const exists = async (name: string) => {
    // Podman answers 500 for one that vanishes while it looks.
    const reply = await engine().call({ method: 'GET', path: `/containers/${name}/json`, accept: [404, 500] });
    return reply.status === 200;
  };
  const spec: SandboxSpec = {
    base: { kind: 'image', reference: image },
    layers: [],
    limits: { memoryBytes: 2 ** 28, pids: 64, cpus: 1, diskBytes: 2 ** 26, wallSeconds: 300 },
    network: 'none',
    env: { PATH: '/usr/bin:/bin', HOME: '/tmp' },
    workdir: '/testbed',
  };

  test('when the process that owns it is killed, the container goes', async () => {
    const owner = await startOwner(home);
    expect(await exists(owner.name)).toBe(true);
    owner.child.kill('SIGKILL');
    await until(async () => !(await exists(owner.name)));
  });

  test('gc removes what a killed owner left before it was started, and nothing of the living', async () => {
    const sandbox = await backend.create(spec);
    const name = `assay-test-left-${process.pid}`;
    const labels = { [LABEL.sandbox]: '1', [LABEL.owner]: '{"pid":1,"startTime":"never"}' };
    const own = await engine().json({ method: 'GET', path: `/containers/assay-${sandbox.id}/json` });
    const host = (own as { Config: { Labels: Record<string, string> } }).Config.Labels[LABEL.host];
    const create = (suffix: string, machine: string | undefined) =>
      engine().call({
        method: 'POST',
        path: `/containers/create?name=${name}${suffix}`,
        body: { Image: image, Cmd: ['true'], Labels: { ...labels, [LABEL.host]: machine ?? '' } },
      });
    await create('', host);
    await create('-elsewhere', 'another-machine');
    expect((await backend.gc()).sandboxes).toBeGreaterThanOrEqual(1);
    expect([await exists(name), await exists(`${name}-elsewhere`), await exists(`assay-${sandbox.id}`)]).toEqual([
      false,
      true,
      true,
    ]);
    await engine().call({ method: 'DELETE', path: `/containers/${name}-elsewhere?force=1` });
    await sandbox.destroy();
  });

  test('an image that was prepared and then removed by somebody is prepared again', async () => {
    const unusual = { ...spec, workdir: `/work-${process.pid}` };
    const own = createDockerBackend({ paths: assayPaths(home) });
    const sandbox = await own.create(unusual);
    const container = await engine().json({ method: 'GET', path: `/containers/assay-${sandbox.id}/json` });
    const prepared = (container as { Config: { Image: string } }).Config.Image;
    await sandbox.destroy();
    await engine().call({ method: 'DELETE', path: `/images/${prepared}` });
    await (await own.create(unusual)).destroy();
    await own.close(); // and with it the container that is kept ready
    await engine().call({ method: 'DELETE', path: `/images/${prepared}` });
  });

  test('from the second of a kind on, the next container is ready before it is asked for, and goes with the backend', async () => {
    const own = createDockerBackend({ paths: assayPaths(home) });
    const kind = { ...spec, workdir: `/ready-${process.pid}` };
    const mine = async () => {
      const filters = encodeURIComponent(JSON.stringify({ label: [`${LABEL.user}purpose=kept ready`] }));
      const path = `/containers/json?filters=${filters}`;
      const all = (await engine().json({ method: 'GET', path })) as {
        Names: string[];
        Labels: Record<string, string>;
      }[];
      // Other tests keep some ready on the same engine.
      return all.filter((one) => one.Labels[LABEL.owner]?.includes(`"pid":${process.pid},`));
    };
    await (await own.create(kind)).destroy();
    await (await own.create(kind)).destroy();
    await expect.poll(mine, { timeout: 20_000 }).toHaveLength(1);
    const [ready] = await mine();
    const third = await own.create(kind);
    expect(ready?.Names).toEqual([`/assay-${third.id}`]);
    expect((await exec(third, ['pwd'])).stdout.toString()).toBe(`${kind.workdir}\n`);
    await own.close();
    expect(await mine()).toEqual([]);
  });

  test('a container that is removed from outside ends its sandbox and all that runs in it', async () => {
    const sandbox = await backend.create(spec);
    const child = await sandbox.spawn(['sleep', '300']);
    await engine().call({ method: 'DELETE', path: `/containers/assay-${sandbox.id}?force=1` });
    expect((await sandbox.closed).reason).toBe('died');
    expect((await child.exit).sandboxDied).toBe(true);
    await expect(sandbox.spawn(['true'])).rejects.toMatchObject({ code: 'sandbox-died' });
    await sandbox.destroy();
  });

  test('processes run as the user of the image, who can write in the working directory', async () => {
    const name = `assay.local/test-user-${process.pid}:latest`;
    await buildImage(name, `FROM ${image}\nUSER 1000:1000\n`);
    try {
      const sandbox = await backend.create({ ...spec, base: { kind: 'image', reference: name } });
      const result = await exec(sandbox, ['bash', '-c', 'id -u; echo x > file && cat file; touch /etc/x'], {
        stderr: 'merge',
      });
      expect(result.stdout.toString()).toMatch(/^1000\nx\n.*Permission denied/);
      await sandbox.destroy();
    } finally {
      await engine().call({ method: 'DELETE', path: `/images/${name}?force=1`, accept: [404] });
    }
  });

  test('files that grow together beyond the limit end the sandbox', async () => {
    const sandbox = await backend.create({ ...spec, limits: { ...spec.limits, diskBytes: 2 ** 24 } });
    await exec(sandbox, ['bash', '-c', 'for i in 1 2 3; do head -c 10000000 /dev/zero > $i; done; sleep 60'], {
      timeoutSeconds: 60,
    });
    expect((await sandbox.closed).reason).toBe('disk-limit');
  });

  test('a shell command needs one round trip on the connection, far below an exec of the engine', async () => {
    const sandbox = await backend.create(spec);
    const { shell } = openWorkspace(sandbox);
    await shell.run('true');
    const times: number[] = [];
    for (let n = 0; n < 30; n++) times.push((await shell.run('echo hi')).durationMs);
    const median = times.sort((a, b) => a - b)[15] ?? Number.NaN;
    expect(median).toBeLessThan(20);
    await sandbox.destroy();
  });

  test('a missing image is said by name', async () => {
    const missing = backend.create({ ...spec, base: { kind: 'image', reference: 'localhost:1/no/such:image' } });
    await expect(missing).rejects.toMatchObject({
      code: 'sandbox-create-failed',
      message: expect.stringContaining('no/such'),
    });
    const layers = [{ digest: `sha256:${'1'.repeat(64)}` }];
    await expect(backend.create({ ...spec, layers })).rejects.toMatchObject({ code: 'sandbox-create-failed' });
  });

  async function buildImage(name: string, dockerfile: string): Promise<void> {
    const tar = pack();
    tar.entry({ name: 'Dockerfile' }, dockerfile);
    tar.finalize();
    const reply = await engine().call({ method: 'POST', path: `/build?t=${encodeURIComponent(name)}`, body: tar });
    expect(reply.body.toString()).not.toContain('"error"');
  }
});

async function startOwner(home: string): Promise<{ name: string; child: ChildProcess }> {
  const program = join(import.meta.dirname, '..', 'support', 'docker-owner.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, home, image], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const name of createInterface({ input: child.stdout })) return { name, child };
  throw new Error('the owner ended before its sandbox was there');
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the condition did not come true within 10 s');
}
