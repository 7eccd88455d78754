/**
 * Environments and their sandboxes against Docker on the same image, in one run:
 *
 * - environments that share a base and one layer of dependencies: time and disk, against `docker build` and against full copies;
 * - 1, 100 and 500 sandboxes alive at once: rate, median and 99th percentile to first output, memory of each;
 * - fork of a sandbox with 1 GB of state, against `docker commit` and `docker run`;
 * - what the walls and limits cost a program inside.
 *
 *     npx tsx bench/environments.ts [--environments 50] [--copies 5] [--sizes 1,100,500] [--docker-sizes 1,100,500]
 *
 * Needs an engine that the `docker` program can reach, and an image of the tests (mmdebstrap). Writes everything to bench/results/environments.json.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { assayPaths } from '../src/base/paths.ts';
import type { LayerRef, Sandbox, SandboxSpec } from '../src/contracts/index.ts';
import { createImageStore } from '../src/environment/oci/image-store.ts';
import { exec } from '../src/sandbox/exec.ts';
import { createNativeBackend } from '../src/sandbox/native/native-backend.ts';
import { engineTestImage, rootArchive } from '../test/support/engine-image.ts';
import { writeLayout } from '../test/support/image-builder.ts';

const option = (name: string, fallback: string): string => {
  const at = process.argv.indexOf(name);
  return (at < 0 ? undefined : process.argv[at + 1]) ?? fallback;
};
const environments = Number(option('--environments', '50'));
const copies = Number(option('--copies', '5'));
const sizes = option('--sizes', '1,100,500').split(',').map(Number);
const dockerSizes = option('--docker-sizes', '1,100,500').split(',').map(Number);
const AT_ONCE = 8;
/** What the dependencies and the repository of an environment weigh here. */
const DEPENDENCIES =
  'mkdir -p /opt/deps && head -c 60000000 /dev/urandom > /opt/deps/blob && for i in $(seq 2000); do echo $i > /opt/deps/$i; done';
const instanceStep = (i: number) =>
  `mkdir -p /testbed && cd /testbed && for f in $(seq 300); do echo ${i} $f > file$f; done && head -c 1000000 /dev/urandom > data`;

const found = await engineTestImage();
if (found.problem !== undefined) {
  console.error(`no engine to measure: ${found.problem}`);
  process.exit(3);
}
const { image } = found;
const home = mkdtempSync(join(tmpdir(), 'assay-bench-'));
chmodSync(home, 0o711);
const paths = assayPaths(join(home, 'store'));
const images = createImageStore({ paths });
const backend = createNativeBackend({ paths, tier: 'helper', images });
const layout = join(home, 'layout');
await writeLayout(layout, 'root', [{ layers: [readFileSync(await rootArchive())], compress: (tar) => tar }]);
const spec: SandboxSpec = {
  base: { kind: 'image', reference: `oci:${layout}:root` },
  layers: [],
  limits: { memoryBytes: 2 ** 29, pids: 128, cpus: 2, diskBytes: 2 ** 31, wallSeconds: 1800 },
  network: 'none',
  env: { PATH: '/usr/bin:/bin', HOME: '/root' },
  workdir: '/testbed',
};
const base = await images.pull(`oci:${layout}:root`, new AbortController().signal);

const seconds = (since: number) => (performance.now() - since) / 1000;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
const percentile = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
const run = (program: string, args: readonly string[], input?: string) => {
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    ...(input === undefined ? {} : { input }),
  });
  if (result.status !== 0) throw new Error(`${program} ${args.slice(0, 4).join(' ')}: ${result.stderr.slice(-500)}`);
  return result.stdout;
};
const diskBytes = (folder: string) => Number(run('du', ['-s', '--block-size=1', folder]).split('\t')[0]);
const inside = async (sandbox: Sandbox, script: string) => {
  const result = await exec(sandbox, ['bash', '-c', script], { stderr: 'merge', timeoutSeconds: 600 });
  if (result.exitCode !== 0) throw new Error(result.stdout.toString().slice(-500));
};
/** Runs `body` for 0 .. count - 1, some at a time. */
async function each(count: number, atOnce: number, body: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await body(i);
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, worker));
}
const results: Record<string, unknown> = {};

async function benchBuilds(): Promise<LayerRef> {
  const before = diskBytes(paths.layers);
  let started = performance.now();
  const first = await backend.create(spec);
  await inside(first, DEPENDENCIES);
  const dependencies = await first.snapshot();
  await each(environments, 4, async (i) => {
    const sandbox = await backend.create({ ...spec, layers: [dependencies] });
    await inside(sandbox, instanceStep(i));
    await sandbox.snapshot();
  });
  const assay = { seconds: seconds(started), bytes: diskBytes(paths.layers) - before, baseBytes: before };

  const file = (i: number) => `FROM ${image}\nRUN ${DEPENDENCIES}\nRUN ${instanceStep(i)}\n`;
  const storage = JSON.parse(run('docker', ['info', '--format', '{{json .DockerRootDir}}'])) as string;
  const dockerBefore = diskBytes(join(storage, 'overlay2'));
  started = performance.now();
  for (let i = 0; i < environments; i++)
    run('docker', ['build', '-q', '--network', 'none', '-t', `assay-bench:${i}`, '-'], file(i));
  const docker = { seconds: seconds(started), bytes: diskBytes(join(storage, 'overlay2')) - dockerBefore };
  run('docker', ['rmi', '-f', ...Array.from({ length: environments }, (_, i) => `assay-bench:${i}`)]);

  const whole = join(home, 'copies');
  mkdirSync(whole);
  started = performance.now();
  for (let i = 0; i < copies; i++) {
    const target = join(whole, String(i));
    mkdirSync(target);
    for (const layer of [...base.layers, dependencies])
      run('cp', ['-a', join(paths.layers, layer.digest.slice('sha256:'.length), '.'), target]);
  }
  const copied = { count: copies, seconds: seconds(started), bytes: diskBytes(whole) };
  rmSync(whole, { recursive: true, force: true });
  results.builds = { environments, assay, docker, copied };
  const perCopy = { seconds: copied.seconds / copies, bytes: copied.bytes / copies };
  console.log(`${environments} environments over one base and one layer of dependencies:`);
  console.log(`  Assay         ${assay.seconds.toFixed(1)} s, ${megabytes(assay.bytes)} beyond the base`);
  console.log(
    `  docker build  ${docker.seconds.toFixed(1)} s, ${megabytes(docker.bytes)}: ${(docker.seconds / assay.seconds).toFixed(1)}x the time, ${(docker.bytes / assay.bytes).toFixed(1)}x the disk`,
  );
  console.log(
    `  full copies   ${(perCopy.seconds * environments).toFixed(0)} s, ${megabytes(perCopy.bytes * environments)} (from ${copies}): ${((perCopy.bytes * environments) / (assay.bytes + assay.baseBytes)).toFixed(0)}x the disk, base counted`,
  );
  return dependencies;
}

/** Memory that the machine has less of; free memory moves by itself, so only many sandboxes say something. */
const usedMemory = () => {
  const info = readFileSync('/proc/meminfo', 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(info)?.[1]) * 1024;
  return field('MemTotal') - field('MemAvailable');
};

interface Many {
  count: number;
  perSecond: number;
  firstOutput: number[];
  bytesEach: number;
  removalSeconds: number;
}

async function benchMany(count: number, start: (i: number) => Promise<() => Promise<void>>): Promise<Many> {
  const memory = usedMemory();
  const firstOutput: number[] = [];
  const ends: (() => Promise<void>)[] = [];
  const started = performance.now();
  await each(count, AT_ONCE, async (i) => {
    const at = performance.now();
    ends.push(await start(i));
    firstOutput.push(performance.now() - at);
  });
  const perSecond = count / seconds(started);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const bytesEach = (usedMemory() - memory) / count;
  const ending = performance.now();
  await each(count, 16, async (i) => ends[i]?.());
  return { count, perSecond, firstOutput, bytesEach, removalSeconds: seconds(ending) };
}

function report(name: string, many: Many): void {
  const { count, perSecond, firstOutput, bytesEach, removalSeconds } = many;
  console.log(
    `  ${name.padEnd(7)} ${String(count).padStart(4)} alive: ${perSecond.toFixed(1)}/s, first output p50 ${percentile(firstOutput, 0.5).toFixed(1)} ms, p99 ${percentile(firstOutput, 0.99).toFixed(1)} ms, ${(bytesEach / 1e6).toFixed(2)} MB each, gone in ${removalSeconds.toFixed(1)} s`,
  );
}

async function benchStarts(dependencies: LayerRef): Promise<void> {
  const startNative = async () => {
    const sandbox = await backend.create({ ...spec, layers: [dependencies] });
    const child = await sandbox.spawn(['echo', 'hi']);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return () => sandbox.destroy();
  };
  const startDocker = (i: number) =>
    new Promise<() => Promise<void>>((resolve, reject) => {
      const name = `assay-bench-${process.pid}-${i}`;
      const argv = [
        'run',
        '--rm',
        '--init',
        '--network',
        'none',
        '--name',
        name,
        image,
        'sh',
        '-c',
        'echo hi; exec sleep 1800',
      ];
      const child = spawn('docker', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
      const gone = new Promise<void>((end) => child.once('close', () => end()));
      child.stdout.once('data', () =>
        resolve(async () => {
          spawn('docker', ['kill', name], { stdio: 'ignore' });
          await gone;
        }),
      );
      child.once('error', reject);
    });
  console.log('sandboxes alive at once:');
  const native: Many[] = [];
  const docker: Many[] = [];
  for (const count of sizes) {
    native.push(await benchMany(count, startNative));
    report('Assay', native.at(-1) as Many);
  }
  for (const count of dockerSizes) {
    docker.push(await benchMany(count, startDocker));
    report('Docker', docker.at(-1) as Many);
    const ours = native.find((one) => one.count === count);
    const theirs = docker.at(-1) as Many;
    if (ours !== undefined) console.log(`  rate at ${count}: ${(ours.perSecond / theirs.perSecond).toFixed(0)}x`);
  }
  results.starts = { native, docker };
}

async function benchFork(): Promise<void> {
  const megas = 1024;
  const fill = `mkdir -p /testbed && cd /testbed && for i in $(seq 64); do head -c ${(megas / 64) * 2 ** 20} /dev/zero | tr '\\\\0' x > part$i; done; head -c 1000 /dev/urandom > mark`;
  const wide = { ...spec, limits: { ...spec.limits, diskBytes: 2 ** 32, memoryBytes: 2 ** 30 } };
  const parent = await backend.create(wide);
  await inside(parent, fill);
  const native: number[] = [];
  for (let i = 0; i < 11; i++) {
    const at = performance.now();
    const [fork] = await parent.fork();
    if (fork === undefined) throw new Error('no fork');
    const child = await fork.spawn(['head', '-c', '1', '/testbed/mark']);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    native.push(performance.now() - at);
    await fork.destroy();
  }
  await parent.destroy();
  const name = `assay-bench-fork-${process.pid}`;
  run('docker', ['run', '-d', '--rm', '--network', 'none', '--name', name, image, 'sleep', '900']);
  run('docker', ['exec', name, 'sh', '-c', fill]);
  const docker: number[] = [];
  for (let i = 0; i < 2; i++) {
    const at = performance.now();
    run('docker', ['commit', name, `assay-bench-fork:${i}`]);
    run('docker', ['run', '--rm', '--network', 'none', `assay-bench-fork:${i}`, 'head', '-c', '1', '/testbed/mark']);
    docker.push(performance.now() - at);
  }
  run('docker', ['kill', name]);
  run('docker', ['rmi', '-f', 'assay-bench-fork:0', 'assay-bench-fork:1']);
  results.fork = { stateBytes: megas * 2 ** 20, native, docker };
  const [ours, theirs] = [percentile(native, 0.5), percentile(docker, 0.5)];
  console.log(
    `fork with 1 GB of files, to first output of the fork: Assay ${ours.toFixed(1)} ms; docker commit + run ${theirs.toFixed(0)} ms: ${(theirs / ours).toFixed(0)}x`,
  );
}

async function benchOverhead(): Promise<void> {
  const work = {
    'Python loop': 'python3 -c "print(sum(i * i for i in range(5000000)))"',
    '3,000 files':
      'd=$(mktemp -d /var/tmp/b.XXXXXX); cd $d; for i in $(seq 3000); do echo $i > $i; done; cat * | wc -l; rm -r $d',
    '300 processes': 'for i in $(seq 300); do /bin/true; done; echo done',
  };
  const sandbox = await backend.create(spec);
  const overhead: Record<string, { bare: number[]; inside: number[] }> = {};
  for (const [name, script] of Object.entries(work)) {
    const times = { bare: [] as number[], inside: [] as number[] };
    for (let i = 0; i < 9; i++) {
      let at = performance.now();
      run('bash', ['-c', script]);
      times.bare.push(performance.now() - at);
      at = performance.now();
      await inside(sandbox, script);
      times.inside.push(performance.now() - at);
    }
    overhead[name] = times;
    const ratio = percentile(times.inside, 0.5) / percentile(times.bare, 0.5);
    console.log(`inside / outside, ${name}: ${ratio.toFixed(2)}`);
  }
  await sandbox.destroy();
  results.overhead = overhead;
}

try {
  const dependencies = await benchBuilds();
  await benchStarts(dependencies);
  await benchFork();
  await benchOverhead();
} finally {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
}
const engine = run('docker', ['version', '-f', '{{.Server.Version}}']).trim();
const machine = { kernel: release(), cpus: cpus().length, memoryBytes: totalmem(), engine };
mkdirSync(join(import.meta.dirname, 'results'), { recursive: true });
writeFileSync(
  join(import.meta.dirname, 'results', 'environments.json'),
  `${JSON.stringify({ date: new Date().toISOString(), ...machine, ...results }, null, 1)}\n`,
);
