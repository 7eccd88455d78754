/**
 * Native sandboxes against Docker and against no sandbox, interleaved in one run: start (request to first output of `echo`), command round trip in
 * a live sandbox, and 200 sandboxes opened and closed with nothing left behind.
 *
 *     npm run bench:sandbox [-- --samples 31]
 *
 * Prints medians and ratios, writes all samples to bench/results/sandbox.json. Tiers and Docker are left out, with the reason, where they do not work.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { assayPaths } from '../src/base/paths.ts';
import type { SandboxBackend, SandboxSpec } from '../src/contracts/index.ts';
import { hostBase } from '../src/sandbox/host-base.ts';
import { createNativeBackend, NATIVE_TIERS, type NativeTier } from '../src/sandbox/native/native-backend.ts';
import { BashSession } from '../src/sandbox/shell-session.ts';

const samples = Number(process.argv[process.argv.indexOf('--samples') + 1]) || 31;
const home = mkdtempSync(join(tmpdir(), 'assay-bench-'));
chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
const base = await hostBase();
const spec: SandboxSpec = {
  base: { kind: 'host' },
  layers: [],
  limits: { memoryBytes: 2 ** 30, pids: 256, cpus: 2, diskBytes: 2 ** 28, wallSeconds: 600 },
  network: 'none',
  env: { PATH: base.path, HOME: '/home/agent' },
  workdir: '/testbed',
};

interface Variant {
  name: string;
  /** Milliseconds from the request to the first byte of output. */
  start(): Promise<number>;
  /** Milliseconds of one builtin in a live sandbox. */
  roundTrip?(): Promise<number>;
  close?(): Promise<void>;
}

function firstOutput(argv: readonly string[]): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let first: number | undefined;
    let errors = '';
    child.stdout.once('data', () => {
      first = performance.now() - started;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', () => (first === undefined ? reject(new Error(`${argv.join(' ')}: ${errors}`)) : resolve(first)));
  });
}

async function nativeVariant(backend: SandboxBackend, name: string): Promise<Variant> {
  const live = await backend.create(spec);
  const shell = new BashSession(live);
  await shell.run(':');
  return {
    name,
    async start() {
      const started = performance.now();
      const sandbox = await backend.create(spec);
      const child = await sandbox.spawn(['/bin/echo', 'hi']);
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const elapsed = performance.now() - started;
      await sandbox.destroy();
      return elapsed;
    },
    async roundTrip() {
      const started = performance.now();
      await shell.run('echo hi');
      return performance.now() - started;
    },
    close: () => live.destroy(),
  };
}

/** An image of bash, echo and their libraries, made from this machine's own files: nothing is pulled. */
function dockerImage(): string | undefined {
  if (spawnSync('docker', ['version'], { stdio: 'ignore' }).status !== 0) return undefined;
  const root = join(home, 'image');
  for (const program of ['/bin/bash', '/bin/echo', '/bin/sleep']) {
    const libraries = spawnSync('ldd', [program]).stdout.toString().match(/\/\S+/g) ?? [];
    for (const file of [program, ...libraries]) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      cpSync(file, join(root, file), { dereference: true });
    }
  }
  const result = spawnSync('sh', ['-c', 'tar -C "$1" -c . | docker import - assay-bench', 'sh', root]);
  return result.status === 0 ? 'assay-bench' : undefined;
}

function dockerVariant(image: string): Variant {
  const id = spawnSync('docker', ['run', '-d', '--network', 'none', image, '/bin/sleep', '900'])
    .stdout.toString()
    .trim();
  return {
    name: 'docker run / exec',
    start: () => firstOutput(['docker', 'run', '--rm', '--network', 'none', image, '/bin/echo', 'hi']),
    roundTrip: () => firstOutput(['docker', 'exec', id, '/bin/bash', '-c', 'echo hi']),
    async close() {
      spawnSync('docker', ['rm', '-f', id]);
      spawnSync('docker', ['rmi', '-f', image]);
    },
  };
}

async function variants(): Promise<{ list: Variant[]; backends: SandboxBackend[] }> {
  const list: Variant[] = [{ name: 'spawn, no sandbox', start: () => firstOutput(['/bin/echo', 'hi']) }];
  const backends: SandboxBackend[] = [];
  for (const tier of ['helper', 'bubblewrap', 'unshare'] as const) {
    const backend = createNativeBackend({ paths: assayPaths(join(home, tier)), tier });
    const probe = await backend.probe();
    if (!probe.available) console.log(`left out: native, ${tier} tier: ${probe.notes.join(' ')}`);
    if (!probe.available) continue;
    backends.push(backend);
    list.push(await nativeVariant(backend, `native, ${tier} tier`));
  }
  const image = dockerImage();
  if (image === undefined) console.log('left out: docker: no daemon answers');
  else list.push(dockerVariant(image));
  return { list, backends };
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function table(title: string, data: Record<string, number[]>, reference: string): void {
  const referenceMedian = data[reference] === undefined ? undefined : median(data[reference]);
  console.log(`\n${title} (n=${samples}, milliseconds)`);
  console.log(
    `${'variant'.padEnd(28)}${'median'.padStart(9)}${'min'.padStart(9)}${'max'.padStart(9)}   ${reference} / this`,
  );
  for (const [name, values] of Object.entries(data)) {
    const cells = [median(values), Math.min(...values), Math.max(...values)]
      .map((value) => value.toFixed(2).padStart(9))
      .join('');
    const ratio = referenceMedian === undefined ? '-' : `${(referenceMedian / median(values)).toFixed(1)}x`;
    console.log(`${name.padEnd(28)}${cells}   ${ratio}`);
  }
}

/** Argument of the background process that each sandbox is left with. */
const TAG = `1000.${process.pid}`;

function isOurs(pid: string): boolean {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    return line.includes(TAG) || line.includes(join(home, 'helper')) || line.includes(join(home, 'bubblewrap'));
  } catch {
    return false; // it ended while we looked
  }
}

/** What could be left behind: mounts, cgroups, processes of ours, files below the sandboxes folder. */
function leftovers(): Record<string, number> {
  const count = (folder: string) => {
    try {
      return readdirSync(folder).length;
    } catch {
      return 0; // never made
    }
  };
  const cgroups =
    spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', '*assay*']).stdout.toString().split('\n').length - 1;
  const processes = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && isOurs(entry)).length;
  const sandboxes = ['helper', 'bubblewrap', 'unshare'].reduce(
    (sum, tier) => sum + count(join(home, tier, 'sandboxes')),
    0,
  );
  return { mounts: readFileSync('/proc/self/mounts', 'utf8').split('\n').length - 1, cgroups, processes, sandboxes };
}

/** With a backend of its own, closed at the end: what it keeps ready goes with it. */
async function openAndClose(
  tier: NativeTier,
  total: number,
): Promise<{ perSecond: number; before: object; after: object }> {
  const before = leftovers();
  const backend = createNativeBackend({ paths: assayPaths(join(home, tier)), tier });
  await backend.probe();
  const started = performance.now();
  const worker = async (share: number) => {
    for (let index = 0; index < share; index++) {
      const sandbox = await backend.create(spec);
      const child = await sandbox.spawn(['sh', '-c', `sleep ${TAG} & echo x > /testbed/file; echo hi`]);
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await sandbox.destroy();
    }
  };
  await Promise.all([1, 2, 3, 4].map(() => worker(total / 4)));
  const perSecond = total / ((performance.now() - started) / 1000);
  await backend.close();
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { perSecond, before, after: leftovers() };
}

const { list, backends } = await variants();
const start: Record<string, number[]> = {};
const roundTrip: Record<string, number[]> = {};
for (let index = -3; index < samples; index++) {
  for (const variant of list) {
    const elapsed = await variant.start();
    const trip = await variant.roundTrip?.();
    if (index < 0) continue; // warm-up
    start[variant.name] = [...(start[variant.name] ?? []), elapsed];
    if (trip !== undefined) roundTrip[variant.name] = [...(roundTrip[variant.name] ?? []), trip];
  }
}
table('start: request to first output of echo', start, 'docker run / exec');
table('start against a plain spawn', start, 'spawn, no sandbox');
table('round trip of a builtin in a live sandbox', roundTrip, 'docker run / exec');
for (const variant of list) await variant.close?.();
for (const backend of backends) await backend.close();
const churn: Record<string, unknown> = {};
for (const tier of NATIVE_TIERS) {
  if (!list.some((variant) => variant.name === `native, ${tier} tier`)) continue;
  const result = await openAndClose(tier, 200);
  churn[`native, ${tier} tier`] = result;
  console.log(
    `\n${tier} tier, 200 sandboxes opened and closed: ${result.perSecond.toFixed(0)}/s; before ${JSON.stringify(result.before)}, after ${JSON.stringify(result.after)}`,
  );
  if (JSON.stringify(result.before) !== JSON.stringify(result.after)) process.exitCode = 1;
}
const results = join(import.meta.dirname, 'results');
mkdirSync(results, { recursive: true });
const machine = {
  cpus: cpus().length,
  model: cpus()[0]?.model,
  memoryBytes: totalmem(),
  kernel: release(),
  node: process.version,
};
writeFileSync(
  join(results, 'sandbox.json'),
  `${JSON.stringify({ date: new Date().toISOString(), machine, samples, start, roundTrip, churn }, null, 1)}\n`,
);
rmSync(home, { recursive: true, force: true });
