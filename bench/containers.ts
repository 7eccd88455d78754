/**
 * The container backend against the engine's own program, interleaved in one run: start (request to first output of `echo`), a command in a live sandbox, and many
 * sandboxes at once: starts per second, and what each costs Assay's own process.
 *
 *     npx tsx bench/containers.ts [--samples 15] [--many 60]
 *
 * Needs an engine that the `docker` program can reach, and an image of the tests (mmdebstrap or ASSAY_TEST_IMAGE). Writes all samples to bench/results/containers.json.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { assayPaths } from '../src/base/paths.ts';
import type { Sandbox, SandboxSpec } from '../src/contracts/index.ts';
import { createDockerBackend } from '../src/sandbox/docker/docker-backend.ts';
import { BashSession } from '../src/sandbox/shell-session.ts';
import { engineTestImage } from '../test/support/engine-image.ts';

const option = (name: string, fallback: number) => Number(process.argv[process.argv.indexOf(name) + 1]) || fallback;
const samples = option('--samples', 15);
const many = option('--many', 60);
const AT_ONCE = 4;

const found = await engineTestImage();
if (found.problem !== undefined) {
  console.error(`no engine to measure: ${found.problem}`);
  process.exit(3);
}
const { image } = found;
const home = mkdtempSync(join(tmpdir(), 'assay-bench-'));
const backend = createDockerBackend({ paths: assayPaths(home), startsAtOnce: AT_ONCE });
const spec: SandboxSpec = {
  base: { kind: 'image', reference: image },
  layers: [],
  limits: { memoryBytes: 2 ** 29, pids: 128, cpus: 2, diskBytes: 2 ** 28, wallSeconds: 900 },
  network: 'none',
  env: { PATH: '/usr/bin:/bin', HOME: '/tmp' },
  workdir: '/testbed',
};

function firstOutput(argv: readonly string[]): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let first = Number.NaN;
    child.stdout.once('data', () => {
      first = performance.now() - started;
    });
    child.on('error', reject);
    child.on('close', () => resolve(first));
  });
}

async function assayStart(): Promise<number> {
  const started = performance.now();
  const sandbox = await backend.create(spec);
  const child = await sandbox.spawn(['echo', 'hi']);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const elapsed = performance.now() - started;
  await sandbox.destroy();
  return elapsed;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Starts per second of `count` sandboxes, `AT_ONCE` at a time. */
async function startMany(count: number, start: () => Promise<void>): Promise<number> {
  const started = performance.now();
  let left = count;
  const worker = async () => {
    while (left-- > 0) await start();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const perSecond = count / ((performance.now() - started) / 1000);
  return perSecond;
}

const live = await backend.create(spec);
const shell = new BashSession(live);
await shell.run(':');
const docker = ['docker', 'run', '--rm', '--network', 'none', image, 'echo', 'hi'];
const held = spawnSync('docker', ['run', '-d', '--rm', '--network', 'none', image, 'sleep', '900'])
  .stdout.toString()
  .trim();

const times: Record<string, number[]> = {
  'start, docker run': [],
  'start, Assay': [],
  'command, docker exec': [],
  'command, Assay': [],
};
for (let sample = 0; sample < samples; sample++) {
  times['start, docker run']?.push(await firstOutput(docker));
  times['start, Assay']?.push(await assayStart());
  times['command, docker exec']?.push(await firstOutput(['docker', 'exec', held, 'bash', '-c', 'echo hi']));
  // As an agent works: one after the other.
  for (let command = 0; command < 5; command++) {
    const started = performance.now();
    await shell.run('echo hi');
    times['command, Assay']?.push(performance.now() - started);
  }
}
spawnSync('docker', ['kill', held]);
for (const [name, values] of Object.entries(times)) console.log(`${name.padEnd(24)} ${median(values).toFixed(2)} ms`);
const ratio = (left: string, right: string) => median(times[left] ?? []) / median(times[right] ?? []);
console.log(`docker exec / Assay command: ${ratio('command, docker exec', 'command, Assay').toFixed(0)}x`);

/** Bytes that live objects and buffers take, after a collection. */
function ownBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const own = ownBytes();
const sandboxes: Sandbox[] = [];
const ours = await startMany(many, async () => {
  sandboxes.push(await backend.create(spec));
});
const ownEach = (ownBytes() - own) / many;
await Promise.all(sandboxes.map((sandbox) => sandbox.destroy()));
const names: string[] = [];
const theirs = await startMany(many, async () => {
  const name = `assay-bench-${process.pid}-${names.length}`;
  names.push(name);
  await new Promise((resolve) => {
    const child = spawn('docker', ['run', '-d', '--rm', '--network', 'none', '--name', name, image, 'sleep', '900'], {
      stdio: 'ignore',
    });
    child.on('close', resolve);
  });
});
spawnSync('docker', ['rm', '-f', ...names], { stdio: 'ignore' });
const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0)} kB`;
console.log(`${many} at once, docker run -d:  ${theirs.toFixed(1)} starts/s`);
console.log(
  `${many} at once, Assay:          ${ours.toFixed(1)} starts/s, ${kilobytes(ownEach)} of Assay's process for each`,
);

await backend.close();
rmSync(home, { recursive: true, force: true });
mkdirSync(join(import.meta.dirname, 'results'), { recursive: true });
const engine = spawnSync('docker', ['version', '-f', '{{.Server.Version}}']).stdout.toString().trim();
writeFileSync(
  join(import.meta.dirname, 'results', 'containers.json'),
  `${JSON.stringify({ date: new Date().toISOString(), kernel: release(), cpus: cpus().length, engine, many, times, perSecond: { assay: ours, docker: theirs }, ownBytesEach: ownEach }, null, 1)}\n`,
);
