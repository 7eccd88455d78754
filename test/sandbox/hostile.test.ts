import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import type { SandboxBackend, SandboxBase } from '../../src/contracts/index.ts';
import { createDockerBackend } from '../../src/sandbox/docker/docker-backend.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { hostBase } from '../../src/sandbox/host-base.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { engineTestImage } from '../support/engine-image.ts';
import { describeRequiring } from '../support/requirements.ts';
import { ATTACKS, type Target } from './hostile-commands.ts';
import { MORE_ATTACKS } from './hostile-commands-more.ts';

const TIERS = ['helper', 'bubblewrap', 'unshare'] as const;
const base = await hostBase();
const home = mkdtempSync(join(tmpdir(), 'assay-hostile-'));
chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
afterAll(() => rmSync(home, { recursive: true, force: true }));

for (const tier of TIERS) {
  const backend = createNativeBackend({ paths: assayPaths(home), tier });
  const probe = await backend.probe();
  const problem = probe.available ? undefined : probe.notes.join(' ');
  const place: Place = {
    tier,
    base: { kind: 'host' },
    path: base.path,
    has: (tool) => base.tools[tool] !== null,
    filtered: tier !== 'unshare',
  };
  describeRequiring(tier, problem, `hostile commands in the ${tier} tier`, () => attackAll(backend, place));
}

const engine = await engineTestImage();
const engineBackend = createDockerBackend({ paths: assayPaths(home) });
const engineProbe = engine.problem === undefined ? await engineBackend.probe() : undefined;
const engineProblem = engine.problem ?? (engineProbe?.available ? undefined : engineProbe?.notes.join(' '));
describeRequiring('docker', engineProblem, 'hostile commands in containers', () => {
  if (engine.problem !== undefined) return;
  attackAll(engineBackend, {
    tier: 'docker',
    base: { kind: 'image', reference: engine.image },
    path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    has: () => true,
    filtered: true,
  });
});

/** Where the attacks are run. */
interface Place {
  tier: string;
  base: SandboxBase;
  path: string;
  has(tool: string): boolean;
  /** System calls are filtered there. */
  filtered: boolean;
}

/** What the host must look like after every attack. */
function hostState(): string {
  const hash = createHash('sha256');
  for (const file of ['/etc/passwd', '/usr/bin/env', '/etc/hostname']) hash.update(readFileSync(file));
  return hash.digest('hex');
}

function processesNamed(tag: string): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(tag);
    } catch {
      return false; // it ended while we looked
    }
  }).length;
}

const secret = `ASSAY-SECRET-${randomBytes(8).toString('hex')}`;
process.env.ASSAY_HOSTILE_KEY = secret;

function attackAll(backend: SandboxBackend, place: Place): void {
  const homeFile = join(homedir(), `.assay-hostile-${randomBytes(4).toString('hex')}`);
  const projectFile = join(import.meta.dirname, `.hostile-${randomBytes(4).toString('hex')}`);
  let listener: Server;
  let victim: ChildProcess;
  let target: Target;

  beforeAll(async () => {
    for (const file of [homeFile, projectFile]) writeFileSync(file, secret);
    listener = createServer((socket) => socket.end(secret));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    victim = spawn('sleep', ['600']);
    const address = listener.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    target = {
      secret,
      homeFile,
      projectFile,
      port,
      pid: victim.pid ?? 0,
      tag: `assay-daemon-${randomBytes(4).toString('hex')}`,
    };
  });

  afterAll(async () => {
    for (const file of [homeFile, projectFile]) rmSync(file, { force: true });
    listener.close();
    victim.kill('SIGKILL');
    await backend.close();
  });

  for (const attack of [...ATTACKS, ...MORE_ATTACKS]) {
    test.skipIf(attack.needs !== undefined && !place.has(attack.needs))(attack.name, async () => {
      const before = hostState();
      const sandbox = await backend.create({
        base: place.base,
        layers: [],
        limits: { memoryBytes: 256 * 1024 ** 2, pids: 64, cpus: 1, diskBytes: 64 * 1024 ** 2, wallSeconds: 60 },
        network: 'none',
        env: { PATH: place.path, HOME: '/home/agent', LANG: 'C.UTF-8' },
        workdir: '/testbed',
      });
      try {
        const result = await exec(sandbox, ['bash', '-c', attack.script(target)], {
          stderr: 'merge',
          timeoutSeconds: 12, // some attacks stop themselves too
          maxBytes: 1024 ** 2,
        });
        const output = result.stdout.toString();
        expect(output).not.toContain(secret);
        const judged =
          (attack.needsFilter !== true || place.filtered) &&
          (attack.ownInImages !== true || place.base.kind === 'host');
        if (attack.contained !== undefined && judged) {
          expect(
            attack.contained({ output, exitCode: result.exitCode }),
            `${place.tier}: ${attack.name} printed: ${output.slice(0, 500)}`,
          ).toBe(true);
        }
      } finally {
        await sandbox.destroy();
      }
      expect(hostState()).toBe(before);
      expect(victim.exitCode).toBeNull();
      expect(processesNamed(target.tag)).toBe(0);
    });
  }
}
