/**
 * A predictions file graded by the SWE-bench harness and by Assay, on the same images, with the same number of workers, interleaved in one run: wall time, processor time of the whole
 * machine (engine and containers too), peak memory of the client and its children, disk of the images.
 *
 *     npx tsx bench/grade.ts --dataset SWE-bench_Verified.parquet --repos DIR --on IMAGE --python VENV/bin/python -i ID ID ... [--workers 2] [--rounds 3]
 *
 * Needs an engine that the `docker` program can reach, Debian's `docker-registry`, git repositories of the instances, an image to build their environments on (as `assay env export`
 * takes it), a Python with the harness installed (`pip install swebench`), and `npm run build`. Gold patches are graded, without network where the engine has no bridge.
 * Writes all samples to bench/results/grade.json.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { imageName } from '../src/swebench/dataset/image-name.ts';
import { loadInstances } from '../src/swebench/dataset/load-instances.ts';
import { startDockerRegistry } from '../test/support/docker-registry.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dataset: { type: 'string' },
    repos: { type: 'string' },
    on: { type: 'string' },
    python: { type: 'string' },
    instance: { type: 'string', short: 'i', multiple: true },
    workers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
  },
});
const { dataset, repos, on, python } = options;
const ids = [...(options.instance ?? []), ...positionals];
if (dataset === undefined || repos === undefined || on === undefined || python === undefined || ids.length === 0) {
  console.error('give --dataset, --repos, --on, --python and -i; see the head of this file');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'assay-bench-grade-'));
const assay = [process.execPath, join(import.meta.dirname, '..', 'bin', 'assay.mjs')];
chmodSync(folder, 0o711); // the user that sandboxes run as must get in
const home = join(folder, 'home');

interface Sample {
  wallSeconds: number;
  /** Of the whole machine, beyond idle. */
  cpuSeconds: number;
  peakMemoryMegabytes: number;
}

/** User and system ticks of all processors. */
function busyTicks(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (
    readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  )
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return user + nice + system + irq + softirq;
}

/** Resident kilobytes of a process and all below it. */
function treeMemory(root: number): number {
  const children = new Map<number, number[]>();
  const resident = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
      resident.set(Number(name), Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // ended meanwhile
    }
  }
  const below = (pid: number): number =>
    (resident.get(pid) ?? 0) + (children.get(pid) ?? []).reduce((sum, child) => sum + below(child), 0);
  return below(root);
}

async function measure(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Sample> {
  const [program = '', ...args] = argv;
  const ticks = busyTicks();
  const started = performance.now();
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000);
  });
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, treeMemory(child.pid ?? 0));
  }, 250);
  const code = await new Promise((done) => child.once('close', done));
  clearInterval(timer);
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}:\n${errors}`);
  return {
    wallSeconds: (performance.now() - started) / 1000,
    cpuSeconds: (busyTicks() - ticks) / 100,
    peakMemoryMegabytes: peak / 1024,
  };
}

const registry = await startDockerRegistry();
const built = await loadInstances(dataset, { instanceIds: ids, cache: join(folder, 'datasets') });
const rows = built.map((row) => ({ ...row, image: `${registry.host}/${imageName(row.instance_id)}` }));
for (const row of rows) {
  console.log(`image of ${row.instance_id}`);
  await measure([
    ...assay,
    'env',
    'export',
    resolve(dataset),
    row.instance_id,
    '--repos',
    repos,
    '--on',
    on,
    '--push',
    row.image,
  ]);
}
const table = join(folder, 'rows.json');
const predictions = join(folder, 'predictions.jsonl');
writeFileSync(table, JSON.stringify(rows));
writeFileSync(
  predictions,
  rows
    .map(
      (row) =>
        `${JSON.stringify({ instance_id: row.instance_id, model_name_or_path: 'gold', model_patch: row.patch })}\n`,
    )
    .join(''),
);

const docker = (...args: string[]) => execFileSync('docker', args).toString().trim();
const pulls: Record<string, number> = {};
let started = performance.now();
for (const row of rows) docker('pull', '-q', row.image);
pulls.docker = (performance.now() - started) / 1000;
started = performance.now();
await measure([...assay, 'env', 'pull', ...rows.map((row) => row.image)], { ASSAY_HOME: home });
pulls.assay = (performance.now() - started) / 1000;

const { workers } = options;
const common = ['--dataset_name', table, '--predictions_path', predictions, '--max_workers', workers];
const ways: Record<string, (run: string) => [argv: string[], env?: NodeJS.ProcessEnv]> = {
  harness: (run) => [[python, '-m', 'swebench.harness.run_evaluation', ...common, '--run_id', run]],
  native: (run) => [
    [...assay, 'grade', ...common, '--run_id', run, '--compat', '5', '--network', 'none', '--quiet'],
    { ASSAY_HOME: home },
  ],
  docker: (run) => [
    [
      ...assay,
      'grade',
      ...common,
      '--run_id',
      run,
      '--compat',
      '5',
      '--network',
      'none',
      '--quiet',
      '--sandbox',
      'docker',
    ],
    { ASSAY_HOME: home },
  ],
  strict: (run) => [[...assay, 'grade', ...common, '--run_id', run, '--quiet'], { ASSAY_HOME: home }],
};
const reportSchema = z.looseObject({ resolved_ids: z.array(z.string()), unresolved_ids: z.array(z.string()) });
const resolved = (run: string) => {
  const { resolved_ids } = reportSchema.parse(JSON.parse(readFileSync(join(folder, `gold.${run}.json`), 'utf8')));
  return resolved_ids.sort().join(' ');
};

const samples: Record<string, Sample[]> = {};
const verdicts: Record<string, string> = {};
for (let round = 0; round < Number(options.rounds); round++) {
  const names = Object.keys(ways);
  // Whoever comes first finds colder caches: each in turn.
  for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
    const run = `${name}-${round}`;
    const sample = await measure(...(ways[name]?.(run) ?? [[]]));
    samples[name] = [...(samples[name] ?? []), sample];
    verdicts[name] = resolved(run);
    console.log(
      `${run.padEnd(12)} ${sample.wallSeconds.toFixed(1).padStart(7)} s wall  ${sample.cpuSeconds.toFixed(1).padStart(7)} s cpu  ${sample.peakMemoryMegabytes.toFixed(0).padStart(5)} MB`,
    );
  }
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
const of = (name: string, key: keyof Sample) => median((samples[name] ?? []).map((sample) => sample[key]));
const imageBytes = Number(
  execFileSync('du', ['-s', '-B1', join(home, 'layers')])
    .toString()
    .split('\t')[0],
);
const engineRoot = docker('info', '-f', '{{.DockerRootDir}}');
console.log(`\n${rows.length} instances, ${workers} workers, medians of ${options.rounds}; the harness as 1:`);
for (const name of Object.keys(ways)) {
  const cells = (['wallSeconds', 'cpuSeconds', 'peakMemoryMegabytes'] as const).map((key) => {
    return `${of(name, key).toFixed(1).padStart(8)} (${(of(name, key) / of('harness', key)).toFixed(2)})`;
  });
  const same = verdicts[name] === verdicts.harness ? 'same verdicts' : 'OTHER VERDICTS';
  console.log(`${name.padEnd(10)} wall s ${cells[0]}  cpu s ${cells[1]}  peak MB ${cells[2]}  ${same}`);
}
console.log(
  `pulling: docker ${pulls.docker?.toFixed(1)} s, Assay ${pulls.assay?.toFixed(1)} s; layers on disk, Assay: ${(imageBytes / 1024 ** 2).toFixed(0)} MB (docker: docker system df, ${engineRoot})`,
);
const disk = { assayLayers: imageBytes, docker: docker('system', 'df', '--format', '{{json .}}').split('\n') };
mkdirSync(join(import.meta.dirname, 'results'), { recursive: true });
writeFileSync(
  join(import.meta.dirname, 'results', 'grade.json'),
  `${JSON.stringify({ date: new Date().toISOString(), kernel: release(), cpus: cpus().length, engine: docker('version', '-f', '{{.Server.Version}}'), harness: execFileSync(python, ['-c', 'import importlib.metadata as m; print(m.version("swebench"))']).toString().trim(), instances: ids, workers: Number(workers), pulls, disk, verdicts, samples }, null, 1)}\n`,
);
for (const row of rows) docker('rmi', '-f', row.image);
await registry.close();
rmSync(folder, { recursive: true, force: true });
